import { expect, test } from 'vitest'
import { fileNameOf } from './file-name.ts'

test('a file is named after client, report and the shortest words for its window', () => {
  const windows = [
    { from: '2011-11-01', to: '2011-12-01' },
    { from: '2011-12-01', to: '2012-01-01' },
    { from: '2012-02-29', to: '2012-03-01' },
    { from: '2011-01-01', to: '2012-01-01' },
    { from: '2011-10-31', to: '2011-11-07' },
    { from: '2011-10-01', to: '2012-01-01' },
  ]
  const names = windows.map((window) =>
    fileNameOf({ client: { id: 'acme', name: 'Acme' }, report: 'monthly-revenue', window }, 'xlsx'),
  )
  expect(names).toEqual([
    'acme_monthly-revenue_2011-11.xlsx',
    'acme_monthly-revenue_2011-12.xlsx',
    'acme_monthly-revenue_2012-02-29.xlsx',
    'acme_monthly-revenue_2011.xlsx',
    'acme_monthly-revenue_2011-10-31_2011-11-06.xlsx',
    'acme_monthly-revenue_2011-10-01_2011-12-31.xlsx',
  ])
})

test('a name holds nothing that a system or a header could read as more', () => {
  const name = fileNameOf(
    { client: { id: '../a"b\r\n', name: '' }, report: 'é', window: { from: '2011-11-01', to: '2011-11-02' } },
    'csv',
  )
  expect(name).toBe('-a-b-_-_2011-11-01.csv')
})

test('a narrowed report is named after what it is narrowed down to', () => {
  const name = (filters: Record<string, string[]>) => {
    const window = { from: '2011-11-01', to: '2011-12-01' }
    return fileNameOf({ client: { id: 'acme', name: 'Acme' }, report: 'performance', window, filters }, 'pdf')
  }
  expect([{}, { sector: ['sales'] }, { agent: [''] }, { agent: ['a', 'b'], channel: ['voice'] }].map(name)).toEqual([
    'acme_performance_2011-11.pdf',
    'acme_performance_2011-11_sector-sales.pdf',
    'acme_performance_2011-11_agent-none.pdf',
    'acme_performance_2011-11_agent-2-chosen_channel-voice.pdf',
  ])
})
