import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonBreaksAt, placeOf } from './json-syntax.ts'

/** What stands from the place on where a text stops being JSON. */
const broken = (text: string) => {
  const at = jsonBreaksAt(text)
  return at === null ? null : text.slice(at)
}

test('the first character that cannot stand where it does is found', () => {
  const texts = [
    '[1,]',
    '{"a" 1}',
    '{"a":1,}',
    '[1}',
    '{a:1}',
    '[01]',
    '[1 2]',
    '["a\nb"]',
    '"\\x"',
    '[] []',
    'nul',
    '[tru',
    '-',
  ]
  expect(texts.map(broken)).toEqual([
    ']',
    '1}',
    '}',
    '}',
    'a:1}',
    '01]',
    '2]',
    '"a\nb"]',
    '"\\x"',
    '[]',
    'nul',
    'tru',
    '-',
  ])
})

test('what is cut off breaks where it ends, and what is whole nowhere', () => {
  expect(['', ' ', '[', '{"a":', '[1,', '{"a":1'].map((text) => jsonBreaksAt(text) === text.length)).toEqual(
    Array.from({ length: 6 }, () => true),
  )
  expect(['[]', ' {"a": [1.5e-3, "\\u00e9\\n", null]} '].map(jsonBreaksAt)).toEqual([null, null])
})

test('a place is counted in lines and columns from 1', () => {
  expect([0, 1, 2, 3, 5].map((at) => placeOf('ab\ncd', at))).toEqual([
    'line 1, column 1',
    'line 1, column 2',
    'line 1, column 3',
    'line 2, column 1',
    'line 2, column 3',
  ])
})

test('it breaks wherever JSON.parse says that it is broken, and nowhere else', () => {
  const pieces = fc.array(
    fc.oneof(
      fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        ' ',
        '\n',
        'true',
        'null',
        '-',
        '0',
        '1',
        '.5',
        'e+2',
        '"a"',
        '"\\',
        '"',
        '\\u12',
        '\0',
      ),
      fc.json(),
    ),
    { maxLength: 8 },
  )
  fc.assert(
    fc.property(pieces, (parts) => {
      const text = parts.join('')
      expect(jsonBreaksAt(text) === null).toBe(parses(text))
    }),
    { numRuns: 3000 },
  )
})

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
