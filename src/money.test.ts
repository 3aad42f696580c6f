import { expect, test } from 'vitest'
import { currencyExponent } from './money.ts'

test('a currency has the decimals that ISO 4217 gives it, not those that people use for cash', () => {
  const exponents = Object.fromEntries(
    ['GBP', 'JPY', 'KWD', 'CLF', 'HUF', 'IQD'].map((code) => [code, currencyExponent(code)]),
  )
  expect(exponents).toEqual({ GBP: 2, JPY: 0, KWD: 3, CLF: 4, HUF: 2, IQD: 3 })
})
