import { describe, expect, test } from 'vitest'
import type { Format, Value } from '../../document.ts'
import { createFormatter } from './format-value.ts'

const british = createFormatter({ locale: 'en-GB', timeZone: 'Europe/Zurich', currency: 'GBP' })

function shown(cases: [Value, Format][], formatter = british): string[] {
  return cases.map(([value, format]) => formatter.value(value, format))
}

describe('a value is shown', () => {
  test('as money of its currency, to the last minor unit that a number can hold', () => {
    expect(
      shown([
        [123456, { type: 'money' }],
        [-1250, { type: 'money' }],
        [-0, { type: 'money' }],
        [Number.MAX_SAFE_INTEGER, { type: 'money' }],
        [Number.MIN_SAFE_INTEGER, { type: 'money' }],
        [1234, { type: 'money', currency: 'JPY' }],
        [1234, { type: 'money', currency: 'BHD' }],
        [1234, { type: 'money', currency: 'IQD' }],
      ]),
    ).toEqual([
      '£1,234.56',
      '-£12.50',
      '£0.00',
      '£90,071,992,547,409.91',
      '-£90,071,992,547,409.91',
      'JP¥1,234',
      'BHD\u00a01.234',
      'IQD\u00a01.234',
    ])
  })

  test('as a number with the digits of its format, half away from zero, and no sign on zero', () => {
    expect(
      shown([
        [1234567, { type: 'integer' }],
        [-0, { type: 'integer' }],
        [1.005, { type: 'decimal' }],
        [-0.004, { type: 'decimal' }],
        [1e-9, { type: 'decimal', digits: 9 }],
        [2.5, { type: 'decimal', digits: 0 }],
        [0.5, { type: 'percent' }],
        [0.07255, { type: 'percent', digits: 2 }],
        [-0.00001, { type: 'percent' }],
      ]),
    ).toEqual(['1,234,567', '0', '1.01', '0.00', '0.000000001', '3', '50.0%', '7.26%', '0.0%'])
  })

  test('as a duration in h:mm:ss, hours counted on', () => {
    const seconds = [0, 59, 59.5, 3600, 90_061, -61, -0.4]
    expect(shown(seconds.map((value) => [value, { type: 'duration' }]))).toEqual([
      '0:00:00',
      '0:00:59',
      '0:01:00',
      '1:00:00',
      '25:01:01',
      '-0:01:01',
      '0:00:00',
    ])
  })

  test('in the zone of the document, which is named where clocks go back', () => {
    const instants = ['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z', '2026-03-29T01:00:00Z']
    expect(shown(instants.map((value) => [value, { type: 'datetime' }]))).toEqual([
      '25 Oct 2026, 02:30:00 CEST',
      '25 Oct 2026, 02:30:00 CET',
      '29 Mar 2026, 03:00:00 CEST',
    ])
    expect(shown([['2026-03-29', { type: 'date' }]])).toEqual(['29 Mar 2026'])
  })

  test('as an en dash where there is none', () => {
    expect(
      shown([
        [null, { type: 'money' }],
        [null, { type: 'text' }],
      ]),
    ).toEqual(['–', '–'])
  })

  test('in the way of its locale, always with Latin digits and Gregorian years', () => {
    const written = ['de-CH', 'de-DE', 'fr-FR', 'ar-EG', 'th-TH', 'ja-JP'].map((locale) =>
      shown(
        [
          [-123456789, { type: 'money', currency: 'EUR' }],
          ['2026-03-29', { type: 'date' }],
        ],
        createFormatter({ locale, timeZone: 'UTC', currency: 'EUR' }),
      ).map((text) => text.replace(/[\u00a0\u202f]/g, ' ').replace(/[\u200e\u200f]/g, '')),
    )
    expect(written).toEqual([
      ["EUR-1'234'567.89", '29.03.2026'],
      ['-1.234.567,89 €', '29.03.2026'],
      ['-1 234 567,89 €', '29 mars 2026'],
      ['-1,234,567.89 €', '29/03/2026'],
      ['-€1,234,567.89', '29 มี.ค. 2026'],
      ['-€1,234,567.89', '2026/03/29'],
    ])
  })
})

test('a change carries its sign, and none when there is none', () => {
  expect([0.123, -0.123, 0].map((share) => british.signed(share, { type: 'percent' }))).toEqual([
    '+12.3%',
    '-12.3%',
    '0.0%',
  ])
  expect([61, -61, 0].map((seconds) => british.signed(seconds, { type: 'duration' }))).toEqual([
    '+0:01:01',
    '-0:01:01',
    '0:00:00',
  ])
})

test('an axis is short', () => {
  expect([
    british.axis(12_500, { type: 'money' }),
    british.axis(0.25, { type: 'percent' }),
    british.axis(1_500_000, { type: 'integer' }),
    british.axis(300, { type: 'duration' }),
    british.axisTime('2026-03-29', 'date'),
    british.axisTime('2026-03-29T01:30:00Z', 'datetime'),
  ]).toEqual(['£12.5k', '25%', '1.5m', '0:05:00', '29 Mar', '29 Mar, 03:30'])
})
