import { expect, test } from 'vitest'
import { growthOf } from '../../../test/support/growth.ts'
import { plainDecimal } from '../sources/jsonl/json-record.ts'
import type { CellReader } from './cell.ts'
import { dateReader, epochReader, instantBounds, timeReader } from './instant.ts'
import { decimalReader, durationReader, integerReader, type MoneyFormat, minorReader, numberReader } from './numbers.ts'
import { jsonReader, slugReader, textsReader } from './text.ts'
import { timePattern } from './time-pattern.ts'

const bounds = instantBounds(() => Temporal.Instant.from('2026-06-01T12:00:00Z'), false)
const pounds: MoneyFormat = { exponent: 2, currency: 'GBP', decimal: '.', group: null, round: false }
const MAX = 1 << 20

const READERS: Record<string, CellReader> = {
  integer: integerReader({}),
  number: numberReader({}, '.'),
  duration: durationReader({}),
  decimal: decimalReader(pounds),
  grouped: decimalReader({ ...pounds, group: ',' }),
  minor: minorReader(),
  iso: timeReader('iso', 'Europe/Zurich', bounds),
  written: timeReader('D.M.YYYY H:mm', 'Europe/Zurich', bounds, true),
  epoch: epochReader(1, bounds),
  date: dateReader,
  texts: textsReader(MAX),
  slug: slugReader(MAX),
  json: jsonReader(MAX),
  exponent: plainDecimal,
}

/** Cells that make a careless expression go back to the beginning from each of their characters. */
const CELLS: Record<string, (size: number) => string> = {
  'zeros and a letter': (size) => `${'0'.repeat(size)}x`,
  'zeros and a digit': (size) => `0.${'0'.repeat(size)}1`,
  'zeros, a digit and an exponent': (size) => `0.${'0'.repeat(size)}1e1`,
  digits: (size) => `${'7'.repeat(size)}.${'7'.repeat(size)}`,
  thousands: (size) => `7${',777'.repeat(size)}x`,
  spaces: (size) => `7${' '.repeat(size)}7`,
  signs: (size) => '-'.repeat(size),
  brackets: (size) => '["'.repeat(size),
  semicolons: (size) => ';'.repeat(size),
}

test.each(Object.entries(READERS))('a cell that is read as %s takes as long as it is', (_, read) => {
  const growths = Object.entries(CELLS).map(([name, cell]): [string, number] => {
    return [name, growthOf(2_500, (size) => read(cell(size)))]
  })
  expect(growths.filter(([, growth]) => growth >= 24)).toEqual([])
})

test('a format names each part of a time once: parts without a fixed length side by side can be kept apart in any number of ways', () => {
  expect(() => timePattern('YYYY-MDMDMDMDMDMDMDMDMDMDMDMD')).toThrow('names M twice')
})
