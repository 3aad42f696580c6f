import { expect, test } from 'vitest'
import { kindOfFormat } from './cell-styles.ts'
import { createSerialReader } from './serial-date.ts'

const of1900 = createSerialReader(false)
const of1904 = createSerialReader(true)

test('days are counted from 1900 with a 29 February that never was, or from 1904', () => {
  expect([1, 59, 60, 61, 46_110, 2_958_465].map((serial) => of1900(serial, 'date'))).toEqual([
    '1900-01-01',
    '1900-02-28',
    '1900-02-29',
    '1900-03-01',
    '2026-03-29',
    '9999-12-31',
  ])
  expect([0, 60, 44_648].map((serial) => of1904(serial, 'date'))).toEqual(['1904-01-01', '1904-03-01', '2026-03-29'])
  expect([-1, 2_958_466].map((serial) => of1900(serial, 'date'))).toEqual([null, null])
})

test('every second of a day is read back from its fraction', () => {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  const wrong: number[] = []
  for (let second = 0; second < 86_400; second += 1) {
    const time = `${two(second / 3600)}:${two((second / 60) % 60)}:${two(second % 60)}`
    if (of1900(46_110 + second / 86_400, 'date-time') !== `2026-03-29T${time}`) wrong.push(second)
  }
  expect(wrong).toEqual([])
})

test('a time alone is a time of day, a span counts on beyond 24 hours, and a date with a time keeps it', () => {
  expect([
    of1900(0.5, 'time'),
    of1900(0.25 + 0.25 / 86_400, 'time'),
    of1900(1.125, 'elapsed'),
    of1900(46_110.75, 'date'),
    of1900(46_110.75, 'time'),
  ]).toEqual(['12:00:00', '06:00:00.250', '27:00:00', '2026-03-29T18:00:00', '2026-03-29T18:00:00'])
})

test('a format is one of dates or times by its letters, not by what it quotes', () => {
  const kinds = {
    General: 'number',
    '0.00': 'number',
    '#,##0.00 "days"': 'number',
    '0.00E+00': 'number',
    '[Red]-0': 'number',
    '@': 'number',
    'yyyy-mm-dd': 'date',
    '[$-409]d. mmm yyyy;@': 'date',
    mmm: 'date',
    'h:mm AM/PM': 'time',
    'mm:ss.0': 'time',
    '[h]:mm:ss': 'elapsed',
    'dd/mm/yyyy hh:mm': 'date-time',
    '"Tag" d': 'date',
  }
  expect(Object.fromEntries(Object.keys(kinds).map((code) => [code, kindOfFormat(code)]))).toEqual(kinds)
})
