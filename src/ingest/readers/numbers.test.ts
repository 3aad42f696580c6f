import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CellReader } from './cell.ts'
import { decimalReader, durationReader, integerReader, type MoneyFormat, minorReader, numberReader } from './numbers.ts'

const all = (read: CellReader, texts: string[]) => Object.fromEntries(texts.map((text) => [text, read(text)]))
const pounds: MoneyFormat = { exponent: 2, currency: 'GBP', decimal: '.', group: null, round: false }

test('a number has decimals or none, within its range', () => {
  const texts = ['0.5', '-1', '1', '.25', '1e-2', '-0', '1.01', '-2', '0,5', '1e999', 'NaN', '0x1', '']
  expect(all(numberReader({ min: -1, max: 1 }, '.'), texts)).toEqual({
    '0.5': '0.5',
    '-1': '-1',
    '1': '1',
    '.25': '0.25',
    '1e-2': '0.01',
    '-0': '0',
    '1.01': { reason: 'is above 1' },
    '-2': { reason: 'is below -1' },
    '0,5': { reason: 'is not a number' },
    '1e999': { reason: 'is too large' },
    NaN: { reason: 'is not a number' },
    '0x1': { reason: 'is not a number' },
    '': { reason: 'is not a number' },
  })
  expect(numberReader({}, ',')('1234,5')).toBe('1234.5')
})

test('a whole number is one within its range, also as a spreadsheet writes it', () => {
  expect(all(integerReader({ min: 1, max: 5 }), ['3', '03', '3.0', '+5', '0', '6', '2.5', 'x', '', '1e3'])).toEqual({
    '3': '3',
    '03': '3',
    '3.0': '3',
    '+5': '5',
    '0': { reason: 'is below 1' },
    '6': { reason: 'is above 5' },
    '2.5': { reason: 'is not a whole number' },
    x: { reason: 'is not a whole number' },
    '': { reason: 'is not a whole number' },
    '1e3': { reason: 'is not a whole number' },
  })
})

test('a duration is hours, minutes and seconds, and is not negative', () => {
  expect(
    all(durationReader({ min: 0 }), ['0:02:23', '2:23', '12:00:00', '-0:00:05', '1:60', '1:2', '0:61:00']),
  ).toEqual({
    '0:02:23': '143',
    '2:23': '143',
    '12:00:00': '43200',
    '-0:00:05': { reason: 'is negative' },
    '1:60': { reason: 'is not a duration such as 0:02:23' },
    '1:2': { reason: 'is not a duration such as 0:02:23' },
    '0:61:00': { reason: 'is not a duration such as 0:02:23' },
  })
})

test('money becomes minor units digit by digit', () => {
  expect(
    all(decimalReader(pounds), ['139.12', '22.2', '-7', '0', '-0.00', '0.005', '12,50', '999999999999999', '5.10000']),
  ).toEqual({
    '139.12': '13912',
    '22.2': '2220',
    '-7': '-700',
    '0': '0',
    '-0.00': '0',
    '0.005': { reason: 'has more decimals than GBP has (2)' },
    '12,50': { reason: 'is not an amount of money' },
    '999999999999999': { reason: 'is too large' },
    '5.10000': '510',
  })
})

test('every whole number of minor units comes back from its decimal text, in currencies of none to four decimals', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e14, max: 1e14 }), fc.integer({ min: 0, max: 4 }), (minor, exponent) => {
      const digits = String(Math.abs(minor)).padStart(exponent + 1, '0')
      const whole = digits.slice(0, digits.length - exponent)
      const text = `${minor < 0 ? '-' : ''}${whole}.${digits.slice(digits.length - exponent)}`
      expect(decimalReader({ ...pounds, exponent })(text)).toBe(String(minor))
    }),
  )
})

test('thousands are parted in threes or not at all', () => {
  const german: MoneyFormat = { ...pounds, decimal: ',', group: '.' }
  expect(all(decimalReader(german), ['1.234,50', '1234,50', '12.50', '1.234.567'])).toEqual({
    '1.234,50': '123450',
    '1234,50': '123450',
    '12.50': { reason: 'is not an amount of money' },
    '1.234.567': '123456700',
  })
})

test('when told to round, halves go away from zero', () => {
  expect(all(decimalReader({ ...pounds, round: true }), ['0.005', '-0.005', '1.994', '1.996', '0.0049'])).toEqual({
    '0.005': '1',
    '-0.005': '-1',
    '1.994': '199',
    '1.996': '200',
    '0.0049': '0',
  })
})

test('an amount in minor units is whole and within what a number holds', () => {
  expect(all(minorReader(), ['13912', '-5', '1.5', '9999999999999999'])).toEqual({
    '13912': '13912',
    '-5': '-5',
    '1.5': { reason: 'is not a whole number' },
    '9999999999999999': { reason: 'is too large' },
  })
})
