import { expect, test } from 'vitest'
import { cellText, parseJsonObject, plainDecimal, visitValues } from './json-record.ts'

/** Every value of a line by its dotted name. */
function cellsOf(text: string): Record<string, string> | string {
  const parsed = parseJsonObject(text)
  if ('reason' in parsed) return parsed.reason
  const cells: Record<string, string> = {}
  visitValues(parsed.object, (name, value, isInner) => {
    if (!isInner) cells[name] = cellText(value)
    return true
  })
  return cells
}

test('values keep what they say: numbers digit by digit, lists as JSON, null as nothing, what is inside by dotted names', () => {
  expect(
    cellsOf(
      '{"id":12345678901234567890,"sum":0.10,"few":1e-7,"rate":1.5E3,"yes":true,"none":null,"tags":["a",2],"a":{"b":{"c":"x"}},"a.d":"y"}',
    ),
  ).toEqual({
    id: '12345678901234567890',
    sum: '0.10',
    few: '0.0000001',
    rate: '1500',
    yes: 'true',
    none: '',
    tags: '["a",2]',
    'a.b.c': 'x',
    'a.d': 'y',
  })
  expect(cellsOf('{"sum":12.5,"zero":-0,"list":[123456789012345678]}')).toEqual({
    sum: '12.5',
    zero: '-0',
    list: '[123456789012345678]',
  })
})

test('an exponent is written out, and left alone where it is absurd', () => {
  expect(['1e21', '-1.25e2', '1.25e-3', '0e5', '1e400', '1e9999', '5', 'x'].map(plainDecimal)).toEqual([
    '1000000000000000000000',
    '-125',
    '0.00125',
    '0',
    `1${'0'.repeat(400)}`,
    '1e9999',
    '5',
    'x',
  ])
})

test('what is no object says so', () => {
  const nested = `{"a":${'['.repeat(40)}${']'.repeat(40)}}`
  expect(['[1]', '"x"', 'null', nested].map(cellsOf)).toEqual([
    'is no JSON object: each line is one, such as {"id": "1"}',
    'is no JSON object: each line is one, such as {"id": "1"}',
    'is no JSON object: each line is one, such as {"id": "1"}',
    'is nested more than 32 deep',
  ])
  expect(cellsOf('{"a":1')).toMatch(/^is not JSON: /)
})
