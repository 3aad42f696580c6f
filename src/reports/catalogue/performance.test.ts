import { describe, expect, test } from 'vitest'
import { periodOf, valuesOver, wholeOf } from '../../../test/support/answers.ts'
import { NO_SUMS, type Sums } from '../../analytics/metrics/index.ts'
import { daysOf } from '../../time.ts'
import type { Block, Chart, DocumentMeta, Figure, Table } from '../document.ts'
import type { Slice } from '../parts/measured.ts'
import type { MetricsData } from '../parts/metrics-report.ts'
import type { ContactSettings } from './contact-settings.ts'
import { performance } from './performance.ts'

const META: DocumentMeta = {
  report: 'performance',
  title: 'Performance',
  client: { id: 'acme', name: 'Acme' },
  locale: 'en-GB',
  timeZone: 'Europe/Zurich',
  currency: 'CHF',
  window: { from: '2026-11-19', to: '2026-11-21' },
  windowLabel: '19 – 20 November 2026',
  dataAsOf: '2026-11-20T23:10:00Z',
  provisionalDays: [],
  quarantinedFacts: 0,
  executionId: '00000000-0000-0000-0000-000000000002',
  generatedAt: '2026-11-20T23:20:00Z',
}

function sums(some: Partial<Sums>): Sums {
  return { ...NO_SUMS, ...some }
}

const ANNA = sums({
  ...{ offered: 60, answered: 60, answered_in_threshold: 45, wait_answered_s: 900 },
  ...{ talk_s: 15_000, hold_s: 600, wrap_s: 2400, resolved: 54, resolved_first: 51, csat_count: 20, csat_sum: 92 },
  csat_satisfied: 18,
})
const BEN = sums({
  ...{ offered: 20, answered: 20, answered_in_threshold: 15, wait_answered_s: 300 },
  ...{ talk_s: 8000, resolved: 12, resolved_first: 9, nps_count: 10, nps_promoters: 6, nps_detractors: 3 },
})
const NOBODY = sums({ offered: 20, abandoned: 15, missed: 5, short_abandoned: 4 })
const TOTAL = sums({
  ...{ offered: 100, answered: 80, abandoned: 15, missed: 5, short_abandoned: 4, answered_in_threshold: 60 },
  ...{ wait_answered_s: 1200, talk_s: 23_000, hold_s: 600, wrap_s: 2400, resolved: 66, resolved_first: 60 },
  ...{ csat_count: 20, csat_sum: 92, csat_satisfied: 18, nps_count: 10, nps_promoters: 6, nps_detractors: 3 },
})

const WINDOW = META.window
const PREVIOUS = periodOf(
  { from: '2026-11-17', to: '2026-11-19' },
  sums({ offered: 50, answered: 50, answered_in_threshold: 45 }),
)
/** Customers may still come back. */
const UNSETTLED = { provisionalMetrics: ['first-contact-resolution'] }
const inZurich = { timeZone: 'Europe/Zurich' }

function slice(key: string, name: string, some: Sums | null): Slice {
  return { key, name, values: some === null ? null : valuesOver(some) }
}

const AGENTS = [slice('', '(no agent)', NOBODY), slice('a1', 'Anna', ANNA), slice('a2', 'a2', BEN)]
const TREND = daysOf({ from: '2026-10-24', to: '2026-11-21' }).map((day) =>
  slice(day, day, day === '2026-10-24' ? null : day === '2026-11-19' ? TOTAL : NO_SUMS),
)

const PARTS: [string, Slice[]][] = [
  ['trend', TREND],
  ['agents', AGENTS],
  ['sectors', [slice('sales', 'Sales', TOTAL)]],
  ['channels', [slice('', '(no channel)', sums({ orders: 3, gross_minor: 500 })), slice('voice', 'voice', TOTAL)]],
  ['hours', [slice('09', '09:00', ANNA), slice('10', '10:00', BEN), slice('23', '23:00', NOBODY)]],
]

const DATA: MetricsData<ContactSettings> = {
  whole: wholeOf(periodOf(WINDOW, TOTAL, UNSETTLED), [PREVIOUS], inZurich),
  parts: new Map(PARTS),
  narrowing: [],
  own: { serviceLevelS: 20, shortAbandonS: 5, forecast: null },
}

function compose(data: Partial<MetricsData<ContactSettings>> = {}, meta: Partial<DocumentMeta> = {}): Block[] {
  return performance.compose({ ...DATA, ...data }, { ...META, ...meta })
}

function blockOf(blocks: Block[], id: string): Block {
  const block = blocks.find((candidate) => 'id' in candidate && candidate.id === id)
  if (block === undefined) throw new Error(`no block ${id}`)
  return block
}

function figuresOf(blocks: Block[], id: string): Figure[] {
  const block = blockOf(blocks, id)
  return block.kind === 'figures' ? block.figures : []
}

function notesOf(blocks: Block[]): string[] {
  return blocks.flatMap((block) => (block.kind === 'note' ? [`${block.tone}: ${block.text}`] : []))
}

describe('the performance report', () => {
  test('opens with the figures, the period before and the targets', () => {
    const figures = figuresOf(compose(), 'summary')
    expect(figures.map(({ label, value, target }) => [label, value, target?.met])).toEqual([
      ['Offered', 100, undefined],
      ['Answered', 80, undefined],
      ['Abandoned', 15, undefined],
      ['Missed', 5, undefined],
      ['Short abandons (under 5 s, not in the others)', 4, undefined],
      ['Abandonment', 0.15, false],
      ['Service level (answered within 20 s / offered)', 0.6, false],
      ['Speed of answer (ASA)', 15, undefined],
      ['Handle time (AHT)', 325, false],
      ['First contact resolution (FCR), provisional', 0.75, null],
      ['CSAT mean (1–5)', 4.6, true],
    ])
    expect(figures[6]).toEqual({
      label: 'Service level (answered within 20 s / offered)',
      type: 'percent',
      value: 0.6,
      comparisons: [{ label: '17\u2009–\u200918 November 2026', value: 0.9 }],
      target: { label: 'at least', value: 0.8, met: false },
    })
  })

  test('says what is critical, and until when first contact resolution may still fall', () => {
    expect(notesOf(compose()).slice(0, 2)).toEqual([
      'warning: Critical: Abandonment, Service level.',
      'info: First contact resolution is provisional: customers may come back until 27 November 2026, which can only lower it.',
    ])
  })

  test('holds first contact resolution for final once nothing can repeat a contact of the period any more', () => {
    const whole = wholeOf(periodOf(WINDOW, TOTAL), [PREVIOUS], inZurich)
    const blocks = compose({ whole })
    expect(figuresOf(blocks, 'summary')[9]).toMatchObject({
      label: 'First contact resolution (FCR)',
      target: { label: 'at least', value: 0.85, met: false },
    })
    expect(notesOf(blocks).join()).not.toContain('provisional')
  })

  test('shows satisfaction with the number of answers and its interval', () => {
    const rounded = figuresOf(compose(), 'satisfaction').map(({ label, value }) => [
      label,
      typeof value === 'number' ? Math.round(value * 1000) / 1000 : value,
    ])
    expect(rounded).toEqual([
      ['CSAT (4–5 of 5)', 0.9],
      ['CSAT (4–5 of 5), 95 % interval from', 0.699],
      ['CSAT (4–5 of 5), 95 % interval to', 0.972],
      ['CSAT answers', 20],
      ['NPS', 30],
      ['NPS, 95 % interval from', -24.139],
      ['NPS, 95 % interval to', 70.293],
      ['NPS answers', 10],
    ])
  })

  test('lists agents by volume, whose ratios have the ratio of the sums as total', () => {
    const table = blockOf(compose(), 'agents') as Table
    const rows = table.rows as Record<string, unknown>[]
    expect(rows[0]).toEqual({
      name: 'Anna',
      ...{ offered: 60, answered: 60, abandoned: 0, missed: 0, serviceLevel: 0.75, speedOfAnswer: 15 },
      ...{ handleTime: 300, firstContactResolution: 0.85, csat: 0.9, csatAnswers: 20 },
    })
    expect(rows.map((row) => [row['name'], row['serviceLevel'], row['csat']])).toEqual([
      ['Anna', 0.75, 0.9],
      ['(no agent)', 0, null],
      ['a2', 0.75, null],
    ])
    expect(table.columns.map(({ key, total }) => [key, total])).toEqual([
      ['name', undefined],
      ...['offered', 'answered', 'abandoned', 'missed'].map((key) => [key, 'sum']),
      ['serviceLevel', { value: 0.6 }],
      ['speedOfAnswer', { value: 15 }],
      ['handleTime', { value: 325 }],
      ['firstContactResolution', { value: 0.75 }],
      ['csat', { value: 0.9 }],
      ['csatAnswers', 'sum'],
    ])
  })

  test('leaves groups without contacts out, and names hours and sectors', () => {
    const names = (id: string) =>
      ((blockOf(compose(), id) as Table).rows as Record<string, unknown>[]).map((row) => row['name'])
    expect([names('channels'), names('sectors'), names('hours')]).toEqual([
      ['voice'],
      ['Sales'],
      ['09:00', '10:00', '23:00'],
    ])
  })

  test('draws at least 28 days, empty ones as nothing and unknown ones as a gap', () => {
    const { rows } = blockOf(compose(), 'trend') as Chart
    expect(rows).toHaveLength(28)
    expect([rows[0], rows[1], rows[26]]).toEqual([
      { day: '2026-10-24', offered: null, answered: null, serviceLevel: null },
      { day: '2026-10-25', offered: 0, answered: 0, serviceLevel: null },
      { day: '2026-11-19', offered: 100, answered: 80, serviceLevel: 0.6 },
    ])
  })

  test('shows the forecast of the coming days with its intervals and its past error, or that there is none', () => {
    expect(notesOf(compose()).at(-1)).toBe(
      'info: There is no forecast of the days after this period. One is made every night from 60 days of history on.',
    )
    const day = { day: '2026-11-21', expected: 90.4, low80: 70, high80: 110, low95: 60, high95: 120 }
    const forecast = {
      ...{ madeOn: '2026-11-20', method: 'seasonal-mean', historyDays: 365 },
      ...{ backtestMase: 0.812, backtestCoverage80: 0.79, backtestCoverage95: 0.94, days: [day] },
    }
    const blocks = compose({ own: { ...DATA.own, forecast } })
    expect((blockOf(blocks, 'forecast') as Table).rows).toEqual([day])
    expect((blockOf(blocks, 'forecast-chart') as Chart).series[0]?.band).toEqual({ low: 'low80', high: 'high80' })
    expect(blocks.find((block) => block.kind === 'paragraph')).toEqual({
      kind: 'paragraph',
      text: 'Offered contacts, forecast after 20 November 2026 from 365 days of history. Tried on the past, its error was 0.81 of that of “the same as a week ago”, and 79 % of the days fell into the 80 % interval.',
    })
  })

  test('checks that every breakdown adds up to the total', () => {
    const checks = blockOf(compose(), 'checks')
    const all = checks.kind === 'checks' ? checks.checks : []
    expect(all).toHaveLength(11)
    expect(all.filter((check) => !check.holds)).toEqual([])
    const parts = new Map([...PARTS, ['agents', AGENTS.slice(1)]])
    const broken = blockOf(compose({ parts }), 'checks')
    expect(broken.kind === 'checks' && broken.checks.filter((check) => !check.holds)).toEqual([
      { type: 'integer', label: 'Offered of all agents = offered', left: 80, right: 100, holds: false },
    ])
  })

  test('an empty period says so and is no error', () => {
    const parts = new Map(PARTS.map(([id]) => [id, []]))
    const none = { parts, whole: wholeOf(periodOf(WINDOW, NO_SUMS)) }
    const blocks = compose(none)
    expect(notesOf(blocks)[0]).toBe('info: There were no contacts and no survey answers in 19 – 20 November 2026.')
    expect(blocks.filter(({ kind }) => kind === 'table' || kind === 'chart')).toEqual([])
    const unknown = { parts, whole: wholeOf(periodOf(WINDOW, null)) }
    expect(notesOf(compose(unknown, { dataAsOf: null }))[0]).toBe(
      'info: Nothing of 19 – 20 November 2026 has been rolled up yet, so there is nothing to report.',
    )
  })

  test('reads the trend and the period before', () => {
    expect(performance.reads({ from: '2026-11-20', to: '2026-11-21' })).toEqual({
      from: '2026-10-24',
      to: '2026-11-21',
    })
    expect(performance.reads({ from: '2026-10-01', to: '2026-11-01' })).toEqual({
      from: '2026-09-01',
      to: '2026-11-01',
    })
  })
})
