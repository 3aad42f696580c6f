import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PermanentError } from '../../../errors.ts'
import type { Format } from '../../document.ts'
import { textOfDecimal } from './decimal.ts'
import { assertValue, quantityOf, quantityText } from './quantity.ts'

test('a value that is not what its column says is refused, with its place', () => {
  const wrong: [unknown, Format][] = [
    ['12.50', { type: 'money' }],
    [12.5, { type: 'money' }],
    [2 ** 53, { type: 'money' }],
    [1.5, { type: 'integer' }],
    [Number.NaN, { type: 'decimal' }],
    [Number.POSITIVE_INFINITY, { type: 'percent' }],
    [7, { type: 'text' }],
    ['29.03.2026', { type: 'date' }],
    ['2026-03-29', { type: 'datetime' }],
    [undefined, { type: 'text' }],
  ]
  const refused = wrong.filter(([value, format]) => {
    try {
      assertValue(value, format, 'row 1')
      return false
    } catch (error) {
      return error instanceof PermanentError && error.code === 'report-value'
    }
  })
  expect(refused).toEqual(wrong)
  expect(() => assertValue('12.50', { type: 'money' }, 'row 3, column "Net" of "By week"')).toThrow(
    'row 3, column "Net" of "By week" is declared as money but holds "12.50"',
  )
})

test('the short way to a text gives what the exact one gives', () => {
  const format = fc.constantFrom<Format>(
    { type: 'money' },
    { type: 'money', currency: 'JPY' },
    { type: 'money', currency: 'BHD' },
  )
  fc.assert(
    fc.property(fc.maxSafeInteger(), format, (value, money) => {
      expect(quantityText(value, money, 'EUR')).toBe(textOfDecimal(quantityOf(value, money, 'EUR')))
    }),
  )
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(quantityText(value, { type: 'decimal' }, 'EUR')).toBe(
        textOfDecimal(quantityOf(value, { type: 'decimal' }, 'EUR')),
      )
    }),
  )
})
