import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addDecimals, decimalOf, subtractDecimals, sumDecimals, textOfDecimal, trimDecimal } from './decimal.ts'

describe('an exact decimal', () => {
  test('is the number as people write it, without exponent or negative zero', () => {
    const written = [0, -0, 0.1, -0.001, 1e-9, 1e21, -1.5e-7, 123.45, 2 ** 53 - 1, 1e300].map((value) =>
      textOfDecimal(decimalOf(value)),
    )
    expect(written).toEqual([
      '0',
      '0',
      '0.1',
      '-0.001',
      '0.000000001',
      `1${'0'.repeat(21)}`,
      '-0.00000015',
      '123.45',
      '9007199254740991',
      `1${'0'.repeat(300)}`,
    ])
  })

  test('reads back as the same number, whatever the number', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Number(textOfDecimal(decimalOf(value)))).toBe(value + 0)
      }),
    )
  })

  test('adds up without the noise of binary fractions, beyond 2^53', () => {
    expect(textOfDecimal(addDecimals(decimalOf(0.1), decimalOf(0.2)))).toBe('0.3')
    expect(textOfDecimal(subtractDecimals(decimalOf(0.3), decimalOf(0.1)))).toBe('0.2')
    const large = Array.from({ length: 1000 }, () => ({ units: BigInt(Number.MAX_SAFE_INTEGER), scale: 2 }))
    expect(textOfDecimal(sumDecimals(large))).toBe('90071992547409910.00')
  })

  test('keeps the digits of its scale', () => {
    expect(['-1250', '-5', '0', '7'].map((units) => textOfDecimal({ units: BigInt(units), scale: 2 }))).toEqual([
      '-12.50',
      '-0.05',
      '0.00',
      '0.07',
    ])
  })

  test('is trimmed of digits that say nothing', () => {
    const decimals = [decimalOf(2.5), { units: 2500n, scale: 3 }, { units: 0n, scale: 9 }, { units: -100n, scale: 1 }]
    expect(decimals.map((decimal) => textOfDecimal(trimDecimal(decimal)))).toEqual(['2.5', '2.5', '0', '-10'])
  })

  test('is refused for what is no number', () => {
    expect(() => decimalOf(Number.NaN)).toThrow('NaN is not a number that can be shown')
  })
})
