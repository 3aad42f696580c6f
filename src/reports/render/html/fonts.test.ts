import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { FONT_STACK, type FontLibrary, missingText, openFonts } from './fonts.ts'

let fonts: FontLibrary
beforeAll(async () => {
  fonts = await openFonts()
})

/** The names of the fonts on a page, once each. */
async function namesFor(text: string, locale = 'en-GB'): Promise<string[]> {
  const { css } = await fonts.facesFor(text, locale)
  return [...new Set([...css.matchAll(/font-family:"([^"]+)"/g)].map(([, name = '']) => name))]
}

describe('a page carries the fonts its text needs, and no others', () => {
  test.each([
    ['Net revenue £1,234.56 – 12.3%', ['Daybreak Sans']],
    ['Łódź, Αθήνα, Київ, नमस्ते', ['Daybreak Sans']],
    ['東京', ['Daybreak Han 1']],
    ['안녕하세요', ['Daybreak Han 3']],
    ['مرحبا', ['Daybreak Arabic']],
    ['שלום', ['Daybreak Hebrew']],
    ['สวัสดี', ['Daybreak Thai']],
    ['🚀', ['Daybreak Emoji']],
    ['🂡', ['Daybreak Symbols']],
  ])('%s', async (text, names) => {
    expect({ names: await namesFor(text), missing: (await fonts.facesFor(text, 'en-GB')).missing }).toEqual({
      names,
      missing: [],
    })
  })

  test('and a Latin page stays small', async () => {
    const { css } = await fonts.facesFor('Net revenue £1,234.56 – 12.3%', 'en-GB')
    expect(css.length).toBeLessThan(50_000)
  })

  test('Han characters come from the font of the locale', async () => {
    const { css: japanese } = await fonts.facesFor('直', 'ja-JP')
    const { css: chinese } = await fonts.facesFor('直', 'zh-CN')
    expect(japanese).not.toBe(chinese)
  })
})

test('characters without a font are found and named, once each', async () => {
  const { missing } = await fonts.facesFor('Ethiopic ሰላም ሰ, control \u0007, joiner \u200d', 'en-GB')
  expect(missing).toEqual(['ሰ', 'ላ', 'ም'])
  expect(missingText(missing)).toBe(
    'Some characters may not be shown here, for want of a font: U+1230, U+120B, U+121D. The XLSX, CSV and JSON files hold them.',
  )
  expect(missingText([])).toBeNull()
})

test('the style sheet asks for the fonts under the names they have', () => {
  const css = readFileSync(new URL('./document.css', import.meta.url), 'utf8')
  expect(css).toContain(FONT_STACK)
})
