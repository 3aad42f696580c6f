import { expect, test } from 'vitest'
import { nearest, suggestion } from './nearest.ts'

test('a word is taken for the known one that is fewest changes away, whatever its case', () => {
  expect(nearest('Agnet', ['Date', 'Agent', 'Agency'])).toBe('Agent')
  expect(nearest('CUSTOMERID', ['CustomerID', 'Country'])).toBe('CustomerID')
})

test('a word that is like none is not guessed', () => {
  expect(nearest('colour', ['id', 'amount', 'currency'])).toBeNull()
  expect(suggestion('colour', ['id'])).toBe('')
})
