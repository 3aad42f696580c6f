import fc from 'fast-check'
import { expect, test } from 'vitest'
import { searchText } from './search-text.ts'
import { words } from './spelling.ts'

const FILLER = 'some other row\n'.repeat(700)

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const search = (bytes: Buffer, { word = 'c-1004', size = 65_536, bytesLeft = 1_000_000 } = {}) =>
  searchText(cut(bytes, size), words([word]), { bytesLeft })

const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16()
const ENCODINGS: [encoding: string, encode: (text: string) => Buffer][] = [
  ['UTF-8', (text) => Buffer.from(text)],
  ['UTF-8 with a mark', (text) => Buffer.from(`\ufeff${text}`)],
  ['Windows-1252', (text) => Buffer.from(text, 'latin1')],
  ['UTF-16 (little endian)', (text) => Buffer.from(text, 'utf16le')],
  ['UTF-16 (little endian) with a mark', (text) => Buffer.from(`\ufeff${text}`, 'utf16le')],
  ['UTF-16 (big endian)', utf16be],
  ['UTF-16 (big endian) with a mark', (text) => utf16be(`\ufeff${text}`)],
]

test.each(ENCODINGS)('a name is found in %s, and a longer one is not it', async (_encoding, encode) => {
  const options = { word: 'Zoë Müller' }
  for (const text of ['Zoë Müller', 'id;name\n1;Zoë Müller\n', `${FILLER}Zoë Müller`])
    expect(await search(encode(text), options), text.slice(-30)).toBe('named')
  for (const text of ['\n', 'Zoë\n', 'id;name\n1;Zoë Müllers\n', `${FILLER}éZoë Müller\n`, 'Zoë Müllerß\n'])
    expect(await search(encode(text), options), text.slice(-30)).toBe('not-named')
})

test('where a text is cut into pieces makes no difference', async () => {
  const texts: [text: string, found: string][] = [
    ['c-1004', 'named'],
    ['c-1004\n', 'named'],
    ['of c-1004. Then', 'named'],
    ['c-10042, and c-1004', 'named'],
    ['c-10042', 'not-named'],
    ['xc-1004', 'not-named'],
    ['c-1004.com', 'not-named'],
    ['c-1004.𝒜', 'not-named'],
    ['𝒜c-1004', 'not-named'],
  ]
  const places = ['', FILLER.slice(0, 4090), FILLER]
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...texts),
      fc.constantFrom(...places),
      fc.constantFrom(...places),
      fc.constantFrom<BufferEncoding>('utf8', 'utf16le'),
      fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 4085, max: 4110 })),
      async ([text, found], before, after, encoding, size) => {
        const bytes = Buffer.from(`${before}\n${text}${after === '' ? '' : `\n${after}`}`, encoding)
        expect(await search(bytes, { size })).toBe(found)
      },
    ),
    { numRuns: 150, seed: 20261121, endOnFailure: true },
  )
})

test('what is no text, or too long, is unread unless the word stands in it', async () => {
  const oldWorkbook = 'd0cf11e0a1b11ae1000000000000000000000000000000003e000300feff0900'
  const bzip2 = '425a6839314159265359d2a8b1e4000002da80001040000010002464902000219a6801a0d33f8bb9229c2848695458f200'
  const sevenZip = '377abcaf271c0004d1f9a3be'
  for (const binary of [oldWorkbook, bzip2, sevenZip])
    expect(await search(Buffer.from(binary, 'hex')), binary).toBe('unread')
  expect(await search(Buffer.from('\u0001\u0002,c-1004\n'))).toBe('named')
  const bytesLeft = 5000
  expect(await search(Buffer.from(FILLER), { bytesLeft, size: 100 })).toBe('unread')
  expect(await search(Buffer.from(`c-1004\n${FILLER}`), { bytesLeft, size: 100 })).toBe('named')
})
