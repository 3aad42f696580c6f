import { expect, test } from 'vitest'
import { checkKey, checkPrefix } from './object-key.ts'

const refused = (check: (key: string) => void, keys: string[]) =>
  keys.filter((key) => {
    try {
      check(key)
      return false
    } catch (error) {
      expect(error).toMatchObject({ name: 'InputError', code: 'object-key' })
      return true
    }
  })

const ESCAPES = ['../x', 'a/../../x', '/etc/passwd', 'a/./b', 'a//b', '..', 'a\\..\\b', 'a\0b', 'a\nb', '\ud800']

test('a key that leaves the store, or means two things, is refused', () => {
  const others = ['', 'a/', '.partial', '.partial/x', 'x'.repeat(256), `${'x/'.repeat(512)}x`]
  expect(refused(checkKey, [...ESCAPES, ...others])).toEqual([...ESCAPES, ...others])
})

test('a key may hold any script, spaces, dots and marks', () => {
  expect(
    refused(checkKey, [
      'executions/1/report.pdf',
      'a',
      '..a/b..',
      '収益/Ümsatz 100 %.pdf',
      `${'x/'.repeat(511)}x`,
      'a/.partial',
    ]),
  ).toEqual([])
})

test('a prefix may be empty or end anywhere, but not lead out', () => {
  expect(refused(checkPrefix, ['', 'a', 'a/', 'a/b', 'executions/1/re'])).toEqual([])
  expect(refused(checkPrefix, ['../', '/', '/etc', 'a//', 'a/../b', 'a\0', '.partial/'])).toEqual([
    '../',
    '/',
    '/etc',
    'a//',
    'a/../b',
    'a\0',
    '.partial/',
  ])
})
