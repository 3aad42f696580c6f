import { describe, expect, test } from 'vitest'
import type { Format, Value } from '../../document.ts'
import { CELL_TEXT_MAX, cellNumber, columnName, escapeCellText, textCell } from './sheet-xml.ts'

const zurich = { currency: 'EUR', timeZone: 'Europe/Zurich' }

describe('a cell keeps', () => {
  test('numbers a spreadsheet can count with, money to the last digit', () => {
    const cases: [Exclude<Value, null>, Format][] = [
      [12345, { type: 'money' }],
      [-0, { type: 'money' }],
      [Number.MAX_SAFE_INTEGER, { type: 'money' }],
      [1234, { type: 'money', currency: 'JPY' }],
      [1234, { type: 'money', currency: 'BHD' }],
      [0.1, { type: 'percent' }],
      [1e-9, { type: 'decimal' }],
      [43_200, { type: 'duration' }],
      ['1900-03-01', { type: 'date' }],
      ['1900-02-28', { type: 'date' }],
      ['2026-03-29', { type: 'date' }],
      ['2026-03-29T01:00:00Z', { type: 'datetime' }],
      ['12', { type: 'text' }],
    ]
    expect(cases.map(([value, format]) => cellNumber(value, format, zurich))).toEqual([
      '123.45',
      '0.00',
      '90071992547409.91',
      '1234',
      '1.234',
      '0.1',
      '0.000000001',
      '0.5',
      '61',
      null,
      '46110',
      '46110.125',
      null,
    ])
  })

  test('text as text: markup, control characters and what looks like their escapes', () => {
    expect(escapeCellText('=1+1 <b>&"\u0000\u001b\r_x0041_ a_b \ud800 \uffff')).toBe(
      '=1+1 &lt;b&gt;&amp;&quot;_x0000__x001B__x000D__x005F_x0041_ a_b \ufffd _xFFFF_',
    )
    expect(textCell('A1', 3, ' =1+1\n').xml).toBe(
      '<c r="A1" s="3" t="inlineStr"><is><t xml:space="preserve"> =1+1\n</t></is></c>',
    )
  })

  test('no more text than fits, with a mark where it was cut', () => {
    const { xml, cut } = textCell('A1', 0, `${'x'.repeat(CELL_TEXT_MAX)}y`)
    const text = /preserve">(.*)<\/t>/.exec(xml)?.[1] ?? ''
    expect([cut, text.length, text.slice(-10)]).toEqual([true, CELL_TEXT_MAX, 'xx … [cut]'])
    expect(textCell('A1', 0, 'x'.repeat(CELL_TEXT_MAX)).cut).toBe(false)
  })
})

test('columns are named as spreadsheets name them', () => {
  expect([0, 25, 26, 701, 702, 16_383].map(columnName)).toEqual(['A', 'Z', 'AA', 'ZZ', 'AAA', 'XFD'])
})
