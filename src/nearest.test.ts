import { expect, test } from 'vitest'
import { growthOf } from '../test/support/growth.ts'
import { nearest, suggestion } from './nearest.ts'

test('a word is taken for the known one that is fewest changes away, whatever its case', () => {
  expect(nearest('Agnet', ['Date', 'Agent', 'Agency'])).toBe('Agent')
  expect(nearest('CUSTOMERID', ['CustomerID', 'Country'])).toBe('CustomerID')
})

test('a word that is like none is not guessed', () => {
  expect(nearest('colour', ['id', 'amount', 'currency'])).toBeNull()
  expect(suggestion('colour', ['id'])).toBe('')
})

test('to look for the nearest takes no longer than the words are', () => {
  expect(growthOf(250, (size) => nearest('x'.repeat(size), ['y'.repeat(size)]))).toBeLessThan(24)
  expect(growthOf(5_000, (size) => nearest('amount', ['y'.repeat(size)]))).toBeLessThan(1.5)
})
