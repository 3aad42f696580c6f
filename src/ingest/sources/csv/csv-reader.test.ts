import { parse } from 'csv-parse/sync'
import { stringify } from 'csv-stringify/sync'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { growthOf } from '../../../../test/support/growth.ts'
import type { SourceRecord } from '../source.ts'
import { type BrokenLine, createCsvReader, RECORD_MAX } from './csv-reader.ts'

/** Reads text in pieces of a size; what comes out must not depend on it. */
function read(text: string, pieceLength = text.length || 1, delimiter = ',') {
  const records: SourceRecord[] = []
  const broken: BrokenLine[] = []
  const reader = createCsvReader(delimiter, {
    record: (record) => records.push(record),
    broken: (line) => broken.push(line),
  })
  for (let at = 0; at < text.length; at += pieceLength) reader.write(text.slice(at, at + pieceLength))
  reader.end()
  return { records, broken }
}

const fieldsOf = (text: string, pieceLength?: number) => read(text, pieceLength).records.map(({ fields }) => fields)

test('whatever was written as CSV is read back, however it is quoted, ended and cut into pieces, as csv-parse reads it too', () => {
  const cell = fc.oneof(
    fc.string(),
    fc.stringMatching(/^[",\r\n a;]*$/),
    fc.constantFrom('', 'a', '"', ',', '\r\n', '5" pipe'),
  )
  const table = fc
    .integer({ min: 1, max: 4 })
    .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 6 }))
  fc.assert(
    fc.property(
      table,
      fc.boolean(),
      fc.constantFrom('\n', '\r\n'),
      fc.integer({ min: 1, max: 9 }),
      (rows, quoted, end, size) => {
        const text = stringify(rows, { quoted, quoted_empty: true, record_delimiter: end, quoted_match: /[\r\n]/ })
        expect(fieldsOf(text, size)).toEqual(rows)
        expect(parse(text, { bom: false, record_delimiter: end })).toEqual(rows)
      },
    ),
    { numRuns: 500 },
  )
})

test('a row is numbered by the line it begins on, also after line ends inside quotes and empty lines', () => {
  const { records } = read('a,b\r\n1,"x\r\ny\r\nz"\r\n\r\n2,w\r\n')
  expect(records.map(({ line, fields, text }) => [line, fields, text])).toEqual([
    [1, ['a', 'b'], 'a,b'],
    [2, ['1', 'x\r\ny\r\nz'], '1,"x\r\ny\r\nz"'],
    [6, ['2', 'w'], '2,w'],
  ])
})

test('a quote that is not closed costs its line and none after it', () => {
  for (const size of [1, 7, 1000]) {
    const { records, broken } = read('a,b\n1,"open\n2,w\n3,v\n', size)
    expect(broken).toEqual([
      {
        line: 2,
        text: '1,"open',
        reason: 'opens a quote that is not closed: is the file cut off, or a quote not doubled?',
      },
    ])
    expect(records.map(({ line, fields }) => [line, ...fields])).toEqual([
      [1, 'a', 'b'],
      [3, '2', 'w'],
      [4, '3', 'v'],
    ])
  }
})

test('text after a closing quote costs its line; a quote inside a plain field is text', () => {
  const { records, broken } = read('1,"x"y\n2,5" pipe\n3,"q"\n', 2)
  expect(broken.map(({ line, reason }) => [line, reason])).toEqual([
    [1, 'has text after the closing quote of field 2: a quote inside quotes is doubled'],
  ])
  expect(records.map(({ fields }) => fields)).toEqual([
    ['2', '5" pipe'],
    ['3', 'q'],
  ])
})

test('a line without an end is refused once, skipped without being held, and the next one is read', () => {
  const text = `1,a\n${'x'.repeat(3 * RECORD_MAX)}\n3,c\n`
  const { records, broken } = read(text, 1 << 16)
  expect(broken).toEqual([
    { line: 2, text: 'x'.repeat(500), reason: `is longer than ${RECORD_MAX} characters without a line end` },
  ])
  expect(records.map(({ line, fields }) => [line, ...fields])).toEqual([
    [1, '1', 'a'],
    [3, '3', 'c'],
  ])
})

test('a quote that stays open for longer than a record may be costs its line alone', () => {
  const filler = `${'f'.repeat(99)}\n`.repeat(20_000)
  const { records, broken } = read(`1,"open\n${filler}`, 1 << 16)
  expect(broken.map(({ line }) => line)).toEqual([1])
  expect(records).toHaveLength(20_000)
})

test('a long quoted field costs no more than its length, in however many pieces it comes', () => {
  const ofQuotes = (size: number) => expect(fieldsOf(`"${'""'.repeat(size)}"\n`, 1 << 10)).toHaveLength(1)
  expect(growthOf(50_000, ofQuotes)).toBeLessThan(24)
})

test('a long line costs no more than its length, in however many pieces it comes', () => {
  const ofLine = (size: number) => expect(fieldsOf(`${'x'.repeat(size)}\n`, 1 << 6)).toHaveLength(1)
  expect(growthOf(62_500, ofLine)).toBeLessThan(24)
})

test('a file in which every line opens a quote that none closes is refused before it has been read over and over', () => {
  for (const lines of [20_000, 300_000]) {
    const text = 'x","\n'.repeat(lines)
    expect(() => read(text, 1 << 13)).toThrow(expect.objectContaining({ code: 'broken-quotes' }))
  }
})
