import { beforeEach, expect, test } from 'vitest'
import { setThresholds } from '../../src/analytics/questions/index.ts'
import { reportNamed } from '../../src/reports/catalogue/index.ts'
import type { Block, Check, DocumentMeta } from '../../src/reports/document.ts'
import { windowLabel } from '../../src/reports/period.ts'
import type { ReportParams } from '../../src/reports/report.ts'
import { addDays, type DayWindow } from '../../src/time.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { ACME, given } from '../support/given.ts'
import { rollUpDays } from '../support/roll-up.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system
const signal = new AbortController().signal

beforeEach(async () => {
  await emptyDatabase(db)
})

const CLIENT = { id: ACME, name: 'Acme', timeZone: 'Europe/London', currency: 'GBP', locale: 'en-GB' }

async function rollUpDirtyDays(clientId = ACME): Promise<void> {
  const days = await db.selectFrom('rollup_days').select('day').where('client_id', '=', clientId).execute()
  await rollUpDays(
    database,
    clientId,
    days.map(({ day }) => day),
  )
}

/** On which a contact of the days before could be repeated, and is not. */
async function rollUpWeekAfter(day: string): Promise<void> {
  await rollUpDays(
    database,
    ACME,
    [0, 1, 2, 3, 4, 5, 6].map((later) => addDays(day, later)),
  )
}

/** What a report says of a window, read as the client and composed. */
async function blocksOf(name: string, window: DayWindow, changes: Partial<ReportParams> = {}): Promise<Block[]> {
  const report = reportNamed(name)
  const at = Temporal.Instant.from('2012-01-01T00:00:00Z')
  const params = { client: CLIENT, window, filters: {}, compare: null, at, signal, ...changes }
  const { client } = params
  const clientId = client.id
  const data = await report.load(database.forClient(clientId), params)
  const meta: DocumentMeta = {
    ...{
      report: name,
      title: report.title,
      client,
      locale: 'en-GB',
      timeZone: client.timeZone,
      currency: 'GBP',
      window,
    },
    ...{
      windowLabel: windowLabel(window, 'en-GB'),
      dataAsOf: '2012-01-01T00:00:00Z',
      provisionalDays: [],
      quarantinedFacts: 0,
    },
    ...{ executionId: 'x', generatedAt: '2012-01-01T00:00:00Z' },
  }
  return report.compose(data, meta)
}

function figuresOf(blocks: Block[]): Record<string, unknown> {
  const figures = blocks.flatMap((block) => (block.kind === 'figures' ? block.figures : []))
  return Object.fromEntries(
    figures.map(({ label, value, comparisons }) => [label, [value, ...(comparisons ?? []).map((c) => c.value)]]),
  )
}

function brokenChecks(blocks: Block[]): Check[] {
  const checks = blocks.flatMap((block) => (block.kind === 'checks' ? block.checks : []))
  expect(checks.length).toBeGreaterThan(4)
  return checks.filter((check) => !check.holds)
}

test('November’s revenue, October’s, and that of the year before, with refunds where they were paid', async () => {
  await given.client(db, { time_zone: 'Europe/London', currency: 'GBP' })
  const pounds = { currency: 'GBP', country: 'UK' }
  await given.payments(db, [
    ['2010-11-30T12:00:00Z', { ...pounds, amount_minor: 7000, customer_id: 'c1' }],
    ['2011-10-31T23:59:59Z', { ...pounds, amount_minor: 4000, customer_id: 'c1' }],
    ['2011-11-01T00:00:00Z', { ...pounds, amount_minor: -1500, customer_id: 'c1' }],
    ['2011-11-30T23:59:59Z', { ...pounds, amount_minor: 9000 }],
    ['2011-11-15T12:00:00Z', { ...pounds, amount_minor: 9999, currency: 'EUR' }],
    ['2011-12-01T00:00:00Z', { ...pounds, amount_minor: 1 }],
  ])
  await rollUpDirtyDays()
  const blocks = await blocksOf('monthly-revenue', { from: '2011-11-01', to: '2011-12-01' })
  expect(figuresOf(blocks)).toEqual({
    'Gross revenue': [9000, 4000, 7000],
    Refunds: [-1500, 0, 0],
    'Net revenue': [7500, 4000, 7000],
    Orders: [1, 1, 1],
    'Average order': [9000, 4000, 7000],
  })
  expect(brokenChecks(blocks)).toEqual([])
})

test('a late payment that is not rolled up yet makes the check against the payments fail, and nothing else', async () => {
  await given.client(db, { time_zone: 'Europe/London', currency: 'GBP' })
  await given.payments(db, [['2011-11-01T12:00:00Z', { currency: 'GBP', amount_minor: 100 }]])
  await rollUpDirtyDays()
  await given.payments(db, [['2011-11-02T12:00:00Z', { currency: 'GBP', amount_minor: 30 }]])
  const blocks = await blocksOf('monthly-revenue', { from: '2011-11-01', to: '2011-12-01' })
  expect(brokenChecks(blocks).map(({ label, left, right }) => [label, left, right])).toEqual([
    ['Net of the payments, one by one = net revenue', 130, 100],
    ['Orders among the payments = orders', 2, 1],
  ])
})

test('performance of two days against the two before, with thresholds of the client', async () => {
  await given.client(db, { time_zone: 'Europe/London', service_level_s: 10, short_abandon_s: 3 })
  await db.insertInto('agents').values({ client_id: ACME, id: 'a1', name: 'Anna' }).execute()
  await given.calls(db, [
    ['2011-11-07T09:00:00Z', { agent_id: 'a1', wait_s: 12, talk_s: 100 }],
    ['2011-11-09T09:00:00Z', { agent_id: 'a1', wait_s: 10, talk_s: 200, customer_id: 'c1', resolved: true }],
    ['2011-11-10T09:00:00Z', { agent_id: 'a1', wait_s: 11, talk_s: 300, customer_id: 'c1', resolved: true }],
    ['2011-11-10T10:00:00Z', { status: 'abandoned', wait_s: 3 }],
    ['2011-11-10T10:00:00Z', { status: 'abandoned', wait_s: 2 }],
    ['2011-11-11T09:00:00Z', { agent_id: 'a1' }],
  ])
  await given.surveys(db, [['2011-11-10T10:00:00Z', { agent_id: 'a1', csat: 5, nps: 10 }]])
  await rollUpDirtyDays()
  await rollUpWeekAfter('2011-11-11')
  const blocks = await blocksOf('performance', { from: '2011-11-09', to: '2011-11-11' })
  const figures = figuresOf(blocks)
  expect([
    ...[figures['Offered'], figures['Answered'], figures['Abandoned'], figures['Handle time (AHT)']],
    figures['Service level (answered within 10 s / offered)'],
    figures['Short abandons (under 3 s, not in the others)'],
    figures['First contact resolution (FCR)'],
    figures['CSAT answers'],
  ]).toEqual([
    ...[
      [3, 1],
      [2, 1],
      [1, 0],
      [250, 100],
    ],
    [1 / 3, 0],
    [1, 0],
    [0.5, 0],
    [1, 0],
  ])
  expect(brokenChecks(blocks)).toEqual([])
  const agents = blocks.find((block) => block.kind === 'table' && block.id === 'agents')
  expect(agents?.kind === 'table' && (agents.rows as Record<string, unknown>[]).map((row) => row['name'])).toEqual([
    'Anna',
    '(no agent)',
  ])
})

test('a target that a client has set for itself is the one a report goes by, as a question does', async () => {
  await given.client(db, { time_zone: 'Europe/London' })
  await given.calls(db, [
    ['2011-11-10T09:00:00Z', { wait_s: 10 }],
    ['2011-11-10T10:00:00Z', { wait_s: 90 }],
  ])
  await rollUpDirtyDays()
  const day = { from: '2011-11-10', to: '2011-11-11' }
  const serviceLevel = async () => {
    const blocks = await blocksOf('performance', day)
    const figures = blocks.flatMap((block) => (block.kind === 'figures' ? block.figures : []))
    const figure = figures.find(({ label }) => label.startsWith('Service level'))
    const critical = blocks.some((block) => block.kind === 'note' && /^Critical: .*Service level/.test(block.text))
    return [figure?.value, figure?.target, critical]
  }
  expect(await serviceLevel()).toEqual([0.5, { label: 'at least', value: 0.8, met: false }, true])
  const limits = { target: 0.4, warning: 0.3, critical: 0.2 }
  await setThresholds(database.forClient(ACME), { clientId: ACME, metric: 'service-level', limits })
  expect(await serviceLevel()).toEqual([0.5, { label: 'at least', value: 0.4, met: true }, false])
})

test('first contact resolution is final once 7 days have passed in the zone of the client and all of them are rolled up', async () => {
  await given.client(db, { time_zone: 'Europe/Zurich' })
  await given.calls(db, [['2026-11-20T09:00:00Z', { customer_id: 'c1', resolved: true }]])
  await rollUpDirtyDays()
  const client = { ...CLIENT, timeZone: 'Europe/Zurich' }
  const label = async (at: string) => {
    const window = { from: '2026-11-20', to: '2026-11-21' }
    const blocks = await blocksOf('performance', window, { client, at: Temporal.Instant.from(at) })
    return Object.keys(figuresOf(blocks)).find((each) => each.startsWith('First contact resolution'))
  }
  // The 28th begins in Zurich at 23:00 UTC.
  expect(await label('2026-11-27T23:00:00Z')).toBe('First contact resolution (FCR), provisional')
  await rollUpWeekAfter('2026-11-21')
  expect(await label('2026-11-27T22:59:59Z')).toBe('First contact resolution (FCR), provisional')
  expect(await label('2026-11-27T23:00:00Z')).toBe('First contact resolution (FCR)')
})

test('a report narrowed down to a sector is about that sector alone, and says so', async () => {
  await given.client(db, { time_zone: 'Europe/London' })
  await db.insertInto('sectors').values({ client_id: ACME, id: 's1', name: 'Sales' }).execute()
  await given.calls(db, [
    ['2011-11-09T09:00:00Z', { sector_id: 's1', agent_id: 'a1' }],
    ['2011-11-10T09:00:00Z', { sector_id: 's1', agent_id: 'a1' }],
    ['2011-11-10T10:00:00Z', { sector_id: 's2', agent_id: 'a1' }],
    ['2011-11-10T11:00:00Z', { sector_id: 's2', agent_id: 'a2' }],
  ])
  await rollUpDirtyDays()
  const window = { from: '2011-11-10', to: '2011-11-11' }
  const narrowed = await blocksOf('performance', window, { filters: { sector: ['s1'] }, compare: ['last-year'] })
  expect(narrowed[1]).toEqual({ kind: 'note', tone: 'info', text: 'This report is narrowed down. Sector: Sales.' })
  expect(figuresOf(narrowed)['Offered']).toEqual([1, null])
  const offeredBy = (blocks: Block[]) =>
    blocks.flatMap((block) =>
      block.kind === 'table' && Array.isArray(block.rows) && block.id !== 'forecast'
        ? block.rows.map((row) => [block.id, row['name'], row['offered']])
        : [],
    )
  expect(offeredBy(narrowed)).toEqual([
    ['agents', 'a1', 1],
    ['sectors', 'Sales', 1],
    ['channels', 'voice', 1],
    ['hours', '09:00', 1],
  ])
  expect(brokenChecks(narrowed)).toEqual([])
  expect(figuresOf(await blocksOf('performance', window))['Offered']).toEqual([3, 1])
})

test('hours of the day are those of the whole period, however long it is', async () => {
  await given.client(db, { time_zone: 'Europe/London' })
  await given.calls(db, [
    ['2011-01-05T09:00:00Z', {}],
    ['2011-06-06T08:00:00Z', {}],
    ['2011-12-31T10:00:00Z', {}],
  ])
  await rollUpDirtyDays()
  const blocks = await blocksOf('performance', { from: '2011-01-01', to: '2012-01-01' })
  const hours = blocks.find((block) => block.kind === 'table' && block.id === 'hours')
  const rows = hours?.kind === 'table' ? (hours.rows as Record<string, unknown>[]) : []
  expect(rows.map((row) => [row['name'], row['offered']])).toEqual([
    ['09:00', 2],
    ['10:00', 1],
  ])
  expect(brokenChecks(blocks)).toEqual([])
})

test('members are called by their names, and those without one what they are', async () => {
  await given.client(db, { time_zone: 'Europe/London' })
  await db.insertInto('agents').values({ client_id: ACME, id: 'a1', name: 'Anna' }).execute()
  await given.calls(db, [
    ['2011-11-10T09:00:00Z', { agent_id: 'a1' }],
    ['2011-11-10T09:01:00Z', { agent_id: 'a1' }],
    ['2011-11-10T09:02:00Z', { agent_id: 'a2' }],
  ])
  await rollUpDirtyDays()
  const blocks = await blocksOf('performance', { from: '2011-11-10', to: '2011-11-11' })
  const agents = blocks.find((block) => block.kind === 'table' && block.id === 'agents')
  expect(agents?.kind === 'table' && (agents.rows as Record<string, unknown>[]).map((row) => row['name'])).toEqual([
    'Anna',
    'a2',
  ])
})

test.each(['monthly-revenue', 'performance'])('%s of a client without anything says so', async (name) => {
  await given.client(db)
  const blocks = await blocksOf(name, { from: '2011-11-01', to: '2011-12-01' })
  expect(blocks.filter(({ kind }) => kind === 'note').length).toBeGreaterThan(0)
  expect(brokenChecks(blocks)).toEqual([])
})

test('a report of one client holds nothing of another with the same ids', async () => {
  await given.client(db, { currency: 'GBP' })
  await given.client(db, { id: 'other', currency: 'GBP' })
  await given.payments(db, [
    ['2011-11-01T12:00:00Z', { id: 'p', currency: 'GBP', amount_minor: 100, customer_id: 'c1' }],
    ['2011-11-01T12:00:00Z', { id: 'p', currency: 'GBP', amount_minor: 999, customer_id: 'c1', client_id: 'other' }],
  ])
  await rollUpDirtyDays()
  await rollUpDirtyDays('other')
  const blocks = await blocksOf('monthly-revenue', { from: '2011-11-01', to: '2011-12-01' })
  expect(figuresOf(blocks)['Net revenue']).toEqual([100, null, null])
  expect(JSON.stringify(blocks)).not.toContain('999')
})

test('a report that does not exist is a 404 that names those that do', () => {
  expect(() => reportNamed('profit')).toThrow('There is no report "profit". There are: monthly-revenue, performance.')
})
