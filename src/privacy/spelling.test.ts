import { expect, test } from 'vitest'
import { isTelling, words } from './spelling.ts'

test('an id tells a customer when it is long enough and no word, year or amount', () => {
  const ids = [
    'ada@example.com',
    'c-10042',
    '+41791234567',
    '410123456',
    'ключ-77',
    'voice',
    '42',
    '20260301',
    'c1',
    '',
  ]
  expect(ids.filter((id) => isTelling(id))).toEqual(ids.slice(0, 5))
  expect(isTelling('c1', 2)).toBe(true)
})

test('a word is found by itself, between marks, and never within a longer one', () => {
  const pattern = words(['c-1.5+x', 'Zoë Ω'])
  const found = ['c-1.5+x', '"c-1.5+x"', 'of c-1.5+x.', 'c-1.5+x, d', '(Zoë Ω)', 'é c-1.5+x']
  const notFound = ['c-1x5+x', 'ac-1.5+x', 'c-1.5+x-2', 'c-1.5+x.de', 'xZoë Ω', 'Zoë Ωx', 'c-1.5+x@y']
  expect([...found, ...notFound].filter((text) => pattern.test(text))).toEqual(found)
})
