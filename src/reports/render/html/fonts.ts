import { readFile } from 'node:fs/promises'
import { coverageOf } from './woff2-coverage.ts'

/**
 * What is covered: Latin (with Vietnamese), Greek, Cyrillic, Devanagari; Arabic, Hebrew, Thai; Japanese, simplified
 * Chinese (and the traditional characters it shares), Korean; symbols and mathematics; emoji, in one colour. Other
 * scripts are reported as missing.
 *
 * The packages ship each font in slices; a page carries only the slices its own text needs. `files` names a slice at a
 * weight; a variable font holds all weights in one file, and is used where the static one weighs twenty times as much.
 */
type Family = { package: string; weights: string[]; file: (slice: string, weight: string) => string }

const LATIN = staticFamily('noto-sans', ['400', '600'])
const ARABIC = staticFamily('noto-sans-arabic', ['400', '600'])
const HEBREW = staticFamily('noto-sans-hebrew', ['400', '600'])
const THAI = staticFamily('noto-sans-thai', ['400', '600'])
const JAPANESE = variableFamily('noto-sans-jp')
const CHINESE = variableFamily('noto-sans-sc')
const KOREAN = variableFamily('noto-sans-kr')
const SYMBOLS = staticFamily('noto-sans-symbols-2', ['400'])
const EMOJI = staticFamily('noto-emoji', ['400'])

/**
 * Names on the page, first choice first. Every font has one of its own: under one name a browser picks one weight's
 * faces and passes the rest over. The three of Han are given out by locale.
 */
const NAMES = ['Sans', 'Arabic', 'Hebrew', 'Thai', 'Han 1', 'Han 2', 'Han 3', 'Symbols', 'Emoji'].map(
  (name) => `Daybreak ${name}`,
)

/** What pages are set in. document.css says the same. */
export const FONT_STACK = `${NAMES.map((name) => `"${name}"`).join(', ')}, system-ui, "Segoe UI", Roboto, sans-serif`

type Slice = { family: Family; name: string; unicodeRange: string; ranges: [number, number][] }

/** Font faces for a text. `missing` are the characters that no font at hand can show. */
export type FontFaces = { css: string; missing: string[] }

export type FontLibrary = {
  /**
   * The `@font-face` rules, with the fonts inside as data, that show every character of `text`. Characters that
   * Japanese, Chinese and Korean share are drawn as `locale` draws them.
   */
  facesFor(text: string, locale: string): Promise<FontFaces>
}

type Reader = { slices(family: Family): Promise<Slice[]>; coverage(slice: Slice): Promise<Set<number>> }

/** Opens the fonts of every package; throws when one is missing or broken, saying which. */
export async function openFonts(): Promise<FontLibrary> {
  const slicesRead = new Map<Family, Promise<Slice[]>>()
  const coverageRead = new Map<Slice, Promise<Set<number>>>()
  const reader: Reader = {
    slices: (family) => remembered(slicesRead, family, () => readSlices(family)),
    coverage: (slice) => remembered(coverageRead, slice, () => readCoverage(slice)),
  }
  for (const family of familiesOf('en')) {
    const [slice] = await reader.slices(family)
    if (slice === undefined) throw new Error(`The font package ${family.package} lists no fonts. Run npm install.`)
    await reader.coverage(slice)
  }
  return { facesFor: (text, locale) => facesFor(text, locale, reader) }
}

async function facesFor(text: string, locale: string, reader: Reader): Promise<FontFaces> {
  const used = new Set<Slice>()
  const missing: string[] = []
  for (const character of charactersOf(text)) {
    const slice = await sliceFor(character, locale, reader)
    if (slice === undefined) missing.push(character)
    else used.add(slice)
  }
  const families = familiesOf(locale)
  const faces = await Promise.all(
    [...used].flatMap((slice) =>
      slice.family.weights.map((weight) => faceOf(slice, weight, NAMES[families.indexOf(slice.family)])),
    ),
  )
  return { css: faces.join('\n'), missing }
}

/** What a reader is told about characters that will show as boxes; null when there are none. */
export function missingText(missing: string[]): string | null {
  if (missing.length === 0) return null
  const named = missing
    .slice(0, 10)
    .map((character) => `U+${codeOf(character).toString(16).toUpperCase().padStart(4, '0')}`)
  const rest = missing.length > named.length ? ` and ${missing.length - named.length} more` : ''
  return `Some characters may not be shown here, for want of a font: ${named.join(', ')}${rest}. The XLSX, CSV and JSON files hold them.`
}

async function sliceFor(character: string, locale: string, reader: Reader): Promise<Slice | undefined> {
  const code = codeOf(character)
  for (const family of familiesOf(locale)) {
    for (const slice of await reader.slices(family)) {
      if (!slice.ranges.some(([first, last]) => code >= first && code <= last)) continue
      if ((await reader.coverage(slice)).has(code)) return slice
    }
  }
  return undefined
}

/** In the order of NAMES. */
function familiesOf(locale: string): Family[] {
  return [LATIN, ARABIC, HEBREW, THAI, ...hanFamilies(locale), SYMBOLS, EMOJI]
}

function hanFamilies(locale: string): Family[] {
  const language = new Intl.Locale(locale).language
  if (language === 'zh') return [CHINESE, JAPANESE, KOREAN]
  if (language === 'ko') return [KOREAN, JAPANESE, CHINESE]
  return [JAPANESE, CHINESE, KOREAN]
}

/** Distinct characters that need a glyph of their own: no spaces, controls, joiners or variation selectors. */
function charactersOf(text: string): string[] {
  return [...new Set(text)].filter((character) => !/[\s\p{C}\p{Default_Ignorable_Code_Point}]/u.test(character))
}

async function readSlices(family: Family): Promise<Slice[]> {
  const listed: Record<string, string> = JSON.parse(String(await readPackageFile(family, 'unicode.json')))
  // The packages list the most common slice last.
  return Object.entries(listed)
    .reverse()
    .map(([name, unicodeRange]) => ({
      family,
      name: name.replace(/[[\]]/g, ''),
      unicodeRange,
      ranges: unicodeRange.split(',').map(parseRange),
    }))
}

async function readCoverage({ family, name }: Slice): Promise<Set<number>> {
  return coverageOf(await readPackageFile(family, family.file(name, family.weights[0] as string)))
}

async function faceOf(
  { family, name, unicodeRange }: Slice,
  weight: string,
  fontName: string | undefined,
): Promise<string> {
  const font = await readPackageFile(family, family.file(name, weight))
  const weights = weight === 'wght' ? '100 900' : weight
  return `@font-face{font-family:"${fontName}";font-weight:${weights};src:url(data:font/woff2;base64,${font.toString('base64')})format("woff2");unicode-range:${unicodeRange}}`
}

async function readPackageFile(family: Family, path: string): Promise<Buffer> {
  try {
    return await readFile(new URL(import.meta.resolve(`${family.package}/${path}`)))
  } catch (cause) {
    throw new Error(`The font ${family.package}/${path} cannot be read. Run npm install.`, { cause })
  }
}

function parseRange(text: string): [number, number] {
  const [first = '', last = first] = text.replace(/U\+/i, '').split('-')
  return [Number.parseInt(first, 16), Number.parseInt(last, 16)]
}

function codeOf(character: string): number {
  return character.codePointAt(0) as number
}

function staticFamily(name: string, weights: string[]): Family {
  return {
    package: `@fontsource/${name}`,
    weights,
    file: (slice, weight) => `files/${name}-${slice}-${weight}-normal.woff2`,
  }
}

function variableFamily(name: string): Family {
  return {
    package: `@fontsource-variable/${name}`,
    weights: ['wght'],
    file: (slice) => `files/${name}-${slice}-wght-normal.woff2`,
  }
}

function remembered<Key, Made>(known: Map<Key, Promise<Made>>, key: Key, make: () => Promise<Made>): Promise<Made> {
  const made = known.get(key) ?? make()
  known.set(key, made)
  made.catch(() => known.delete(key))
  return made
}
