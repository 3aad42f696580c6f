import { describe, expect, test } from 'vitest'
import { readSheets } from '../../../../test/support/report-files.ts'
import type { Document, Row, Table } from '../../document.ts'
import { workbookEntries } from './workbook.ts'
import { zipStream } from './zip-stream.ts'

const signal = new AbortController().signal

function documentOf(rows: Table['rows'], columns: Table['columns'] = COLUMNS): Document {
  return {
    meta: {
      report: 'calls',
      title: 'Calls',
      client: { id: 'acme', name: 'Acme' },
      locale: 'en-GB',
      timeZone: 'UTC',
      currency: 'GBP',
      window: { from: '2026-03-01', to: '2026-04-01' },
      windowLabel: 'March 2026',
      dataAsOf: null,
      provisionalDays: [],
      quarantinedFacts: 0,
      executionId: 'x',
      generatedAt: '2026-04-01T03:00:00Z',
    },
    blocks: [{ kind: 'table', id: 'calls', title: 'Calls', columns, rows, empty: 'No calls.' }],
  }
}

const COLUMNS: Table['columns'] = [
  { key: 'name', label: 'Name', type: 'text' },
  { key: 'net', label: 'Net', type: 'money', total: 'sum' },
]

function rowsUpTo(count: number): Row[] {
  return Array.from({ length: count }, (_, index) => ({ name: `row ${index + 1}`, net: index + 1 }))
}

async function sheetsOf(document: Document, rowsMax?: number): Promise<Record<string, Record<string, string>>> {
  const zip = zipStream(workbookEntries(document, rowsMax === undefined ? { signal } : { signal, rowsMax }))
  return readSheets(Buffer.concat(await Array.fromAsync(zip)))
}

describe('a table longer than a sheet', () => {
  test('goes on in the next, header again, with one total over all of them', async () => {
    const { Summary: _, ...sheets } = await sheetsOf(documentOf(rowsUpTo(5)), 2)
    expect(sheets).toEqual({
      Calls: {
        A1: 'Name',
        B1: 'Net',
        A2: 'row 1',
        B2: '0.01',
        A3: 'row 2',
        B3: '0.02',
        A5: 'The table continues on the next sheet.',
      },
      'Calls (2)': {
        A1: 'Name',
        B1: 'Net',
        A2: 'row 3',
        B2: '0.03',
        A3: 'row 4',
        B3: '0.04',
        A5: 'The table continues on the next sheet.',
      },
      'Calls (3)': { A1: 'Name', B1: 'Net', A2: 'row 5', B2: '0.05', A3: 'Total', B3: '0.15' },
    })
  })

  test('does not open one more sheet when the last row fills one', async () => {
    expect(Object.keys(await sheetsOf(documentOf(rowsUpTo(4)), 2))).toEqual(['Summary', 'Calls', 'Calls (2)'])
  })
})

test('an empty table says so, and has no total', async () => {
  const { Calls } = await sheetsOf(documentOf([]))
  expect(Calls).toEqual({ A1: 'Name', B1: 'Net', A2: 'No calls.' })
})

test('text that was cut is noted under the table', async () => {
  const { Calls } = await sheetsOf(documentOf([{ name: 'x'.repeat(40_000), net: 1 }]))
  expect([Calls?.['A2']?.length, Calls?.['A5']]).toEqual([
    32_767,
    '1 texts were longer than a cell holds (32,767 characters) and were cut. The CSV and JSON files hold them whole.',
  ])
})

test('a row that is not what its columns say stops the workbook, naming the place', async () => {
  const rows = [...rowsUpTo(1), { name: 'row 2', net: '12.50' }]
  await expect(sheetsOf(documentOf(rows))).rejects.toThrow(
    'row 2, column "Net" of "Calls" is declared as money but holds "12.50"',
  )
})

test('rows are read no faster than the workbook is taken', async () => {
  let read = 0
  let closed = false
  async function* rows() {
    try {
      for (; read < 1_000_000; read += 1) yield { name: `row ${read}`, net: read }
    } finally {
      closed = true
    }
  }
  let taken = 0
  for await (const chunk of zipStream(workbookEntries(documentOf(rows), { signal }))) {
    taken += chunk.length
    if (taken > 20_000) break
  }
  expect(read).toBeGreaterThan(200)
  expect(read).toBeLessThan(100_000)
  await expect.poll(() => closed).toBe(true)
})

test('an abort stops it in the middle', async () => {
  const stopping = new AbortController()
  async function* rows() {
    for (let index = 0; index < 1_000_000; index += 1) {
      if (index === 1000) stopping.abort(new Error('cancelled'))
      yield { name: 'row', net: index }
    }
  }
  const zip = zipStream(workbookEntries(documentOf(rows), { signal: stopping.signal }))
  await expect(Array.fromAsync(zip)).rejects.toThrow('cancelled')
})
