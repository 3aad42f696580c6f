import { expect, test } from 'vitest'
import type { DocumentMeta } from '../../document.ts'
import { createFormatter } from './format-value.ts'
import { frontMatterOf } from './front-matter.ts'

const meta: DocumentMeta = {
  report: 'monthly-revenue',
  title: 'Monthly revenue',
  client: { id: 'acme', name: 'Acme' },
  locale: 'en-GB',
  timeZone: 'Europe/London',
  currency: 'GBP',
  window: { from: '2011-11-01', to: '2011-12-01' },
  windowLabel: 'November 2011',
  dataAsOf: '2011-12-01T02:14:33Z',
  provisionalDays: [],
  quarantinedFacts: 0,
  executionId: '0192f3a4',
  generatedAt: '2011-12-01T05:00:07Z',
}

function linesOf(changed: Partial<DocumentMeta>): Record<string, string> {
  const changedMeta = { ...meta, ...changed }
  const lines = frontMatterOf(changedMeta, createFormatter(changedMeta))
  return Object.fromEntries(lines.map(({ label, value }) => [label, value]))
}

test('a report says whose it is, what it covers, as of when, and which rendering it is', () => {
  expect(linesOf({})).toEqual({
    Client: 'Acme',
    Period:
      '1 November 2011 to 30 November 2011, both days included; it ends as 1 December 2011 begins, time zone Europe/London',
    Currency: 'GBP (British Pound)',
    'Data as of': '1 Dec 2011, 02:14 GMT',
    Status: 'Final',
    'Data quality': 'no fact of the period contradicts itself',
    Execution: '0192f3a4',
    Generated: '1 Dec 2011, 05:00 GMT',
  })
})

test('a provisional report names the days it lacks, in runs', () => {
  expect(linesOf({ provisionalDays: ['2011-11-30', '2011-11-28', '2011-11-29', '2011-11-05'] })['Status']).toBe(
    'Provisional: 4 days were missing or incomplete when this report was made (5 Nov 2011, 28 Nov 2011 to 30 Nov 2011). Numbers may change.',
  )
})

test('a window of one day, and data that never came, are said in words', () => {
  const lines = linesOf({ window: { from: '2011-11-30', to: '2011-12-01' }, dataAsOf: null })
  expect([lines['Period'], lines['Data as of']]).toEqual([
    '30 November 2011, one whole day; it ends as 1 December 2011 begins, time zone Europe/London',
    'no data had been rolled up',
  ])
})

test('facts that contradict themselves are counted', () => {
  const qualityOf = (quarantinedFacts: number) => linesOf({ quarantinedFacts })['Data quality']
  expect(qualityOf(1)).toBe('1 fact of the period contradicts itself and is left out of every number')
  expect(qualityOf(12)).toBe('12 facts of the period contradict themselves and are left out of every number')
})
