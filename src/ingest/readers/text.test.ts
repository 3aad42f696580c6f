import { expect, test } from 'vitest'
import { jsonReader, oneOfReader, slugReader, textReader, textsReader, valuesReader } from './text.ts'

test('a name becomes an id of its letters and digits, in any script', () => {
  const slug = slugReader(200)
  expect(['Technical Support', ' Zoë & Søn ', 'Contract-related', 'あおい 太郎', 'Çağlar', '…'].map(slug)).toEqual([
    'technical-support',
    'zoe-søn',
    'contract-related',
    'あおい-太郎',
    'caglar',
    { reason: 'has no letter or digit to make an id of' },
  ])
})

test('text has an end, and no NUL, which PostgreSQL cannot hold', () => {
  expect(['abc', 'abcd', 'a\0'].map(textReader(3))).toEqual([
    'abc',
    { reason: 'is longer than 3 characters' },
    { reason: 'holds a NUL character' },
  ])
})

test('a closed set takes its members as written, and a list of words what they stand for', () => {
  expect(['voice', 'Voice'].map(oneOfReader(['voice', 'web']))).toEqual(['voice', { reason: 'is none of voice, web' }])
  expect(['Y', 'constructor'].map(valuesReader({ Y: 'true', N: 'false' }))).toEqual([
    'true',
    { reason: 'is none of Y, N' },
  ])
})

test('attributes are a JSON object that PostgreSQL can hold', () => {
  expect(['{"plan": "gold"}', '[1]', 'gold', '{"a": "\\u0000"}'].map(jsonReader(100))).toEqual([
    '{"plan": "gold"}',
    { reason: 'is not a JSON object' },
    { reason: 'is not a JSON object' },
    { reason: 'holds a NUL character' },
  ])
  const nested = (depth: number) => '{"a":'.repeat(depth) + 'null' + '}'.repeat(depth)
  expect([nested(32), nested(33), '{"a":"\\ud800"}', '{"\\ud800":1}', '{"a":1e999}'].map(jsonReader(500))).toEqual([
    nested(32),
    { reason: 'is nested more than 32 deep' },
    { reason: 'holds half a surrogate pair' },
    { reason: 'holds half a surrogate pair' },
    { reason: 'holds a number that is too large' },
  ])
})

test('attributes keep every digit of their numbers', () => {
  const text = '{"account":12345678901234567890,"rate":0.10000000000000000001}'
  expect(jsonReader(100)(text)).toBe(text)
})

test('several texts are an array as PostgreSQL writes it, whatever they hold', () => {
  expect(
    ['late; angry', ' ; ', 'say "no"; a\\b; {}', 'a; much too long', '["a;b",""]', '[1]', '[a]'].map(textsReader(8)),
  ).toEqual([
    '{"late","angry"}',
    '{}',
    '{"say \\"no\\"","a\\\\b","{}"}',
    { reason: 'is longer than 8 characters' },
    '{"a;b"}',
    { reason: 'is not a list of texts' },
    { reason: 'is not a list of texts' },
  ])
  expect(textsReader(8)('a;'.repeat(51))).toEqual({ reason: 'holds more than 50 texts' })
})

test('what a word is none of is said of each row, and is therefore short', () => {
  const words = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`word ${n}`, 'x']))
  const cell = valuesReader(words)('other')
  expect(JSON.stringify(cell).length).toBeLessThan(400)
})
