import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askMetrics, hoursOfDay } from '../../src/analytics/questions/index.ts'
import { importFile } from '../../src/ingest/imports/import-file.ts'
import { reportNamed } from '../../src/reports/catalogue/index.ts'
import type { DocumentMeta } from '../../src/reports/document.ts'
import { systemClock } from '../../src/time.ts'
import { given } from '../support/given.ts'
import { hasRetailFiles, onlineRetailPath, phoneNowPath } from '../support/retail-files.ts'
import { rollUpDays } from '../support/roll-up.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system
const signal = new AbortController().signal

const folder = await mkdtemp(join(tmpdir(), 'daybreak-rejects-'))
afterAll(() => rm(folder, { recursive: true }))

async function importAndRollUp(clientId: string, kind: string, path: string, mapping: string): Promise<void> {
  await importFile({
    ...{
      database,
      clientId,
      kind,
      path,
      name: null,
      format: null,
      sheet: null,
      headerRow: null,
      mapping,
      dryRun: false,
      strict: false,
      rejectsPath: join(folder, 'rejects.csv'),
    },
    ...{ clock: systemClock, signal, onProgress: () => {} },
  })
  const days = await db
    .selectFrom('rollup_days')
    .select('day')
    .where('client_id', '=', clientId)
    .orderBy('day')
    .execute()
  await rollUpDays(
    database,
    clientId,
    days.map(({ day }) => day),
  )
}

describe.skipIf(!hasRetailFiles)('the two published files (skipped where ../shared/data is absent)', () => {
  beforeAll(async () => {
    await given.client(db, { id: 'phonenow', time_zone: 'Europe/Zurich', currency: 'CHF' })
    await given.client(db, { id: 'retail', time_zone: 'Europe/London', currency: 'GBP' })
    await importAndRollUp('phonenow', 'calls', phoneNowPath, 'pwc-call-centre')
    await importAndRollUp('retail', 'payments', onlineRetailPath, 'uci-retail')
  })

  test('PhoneNow: every call is offered, and agents, sectors and hours add up to the quarter', async () => {
    const window = { from: '2021-01-01', to: '2021-04-01' }
    const phonenow = database.forClient('phonenow')
    const ask = (question: {
      dimension: 'client' | 'agent' | 'sector'
      granularity: 'none' | 'hour' | 'week' | 'month'
    }) =>
      askMetrics(phonenow, {
        ...{
          clientId: 'phonenow',
          metrics: ['offered', 'answered', 'resolution-rate'],
          range: window,
          filters: {},
          compare: [],
        },
        ...{ ...question, at: Temporal.Instant.from('2021-06-01T00:00:00Z') },
      })
    const whole = await ask({ dimension: 'client', granularity: 'none' })
    expect(whole.period.total?.sums).toEqual({ offered: 5000, answered: 4054, resolved: 3646 })
    for (const question of [
      ...[{ dimension: 'agent', granularity: 'none' } as const, { dimension: 'sector', granularity: 'month' } as const],
      ...[{ dimension: 'client', granularity: 'hour' } as const, { dimension: 'client', granularity: 'week' } as const],
    ]) {
      const { groups } = await ask(question)
      expect(groups.reduce((sum, { sums }) => sum + (sums.answered ?? 0), 0)).toBe(4054)
    }
    const hours = hoursOfDay([await ask({ dimension: 'client', granularity: 'hour' })])
    expect(hours.reduce((sum, { values }) => sum + (values['answered']?.value ?? 0), 0)).toBe(4054)
  })

  test('Online Retail: the net of every month is that of plain SQL over the payments, and all of it 830,006,581 pence', async () => {
    const { groups } = await askMetrics(database.forClient('retail'), {
      clientId: 'retail',
      metrics: ['net'],
      range: { from: '2010-12-01', to: '2012-01-01' },
      granularity: 'month',
      dimension: 'client',
      filters: {},
      compare: [],
      at: Temporal.Instant.from('2012-06-01T00:00:00Z'),
    })
    const rolled = groups.map(({ bucket, values }) => [bucket?.slice(0, 7), values['net']?.value])
    const { rows } = await sql<{ month: string; net: number }>`
      select to_char(occurred_at at time zone 'Europe/London', 'YYYY-MM') as month, sum(amount_minor) as net
      from payments where client_id = 'retail' group by 1 order by 1`.execute(db)
    expect(rolled).toEqual(rows.map(({ month, net }) => [month, net]))
    expect(rows.reduce((sum, { net }) => sum + net, 0)).toBe(830_006_581)
  })

  test('Online Retail: the report of November 2011 says the net of plain SQL, and all its sums hold', async () => {
    const report = reportNamed('monthly-revenue')
    const window = { from: '2011-11-01', to: '2011-12-01' }
    const client = { id: 'retail', name: 'Retail', timeZone: 'Europe/London', currency: 'GBP', locale: 'en-GB' }
    const at = Temporal.Instant.from('2011-12-01T00:00:00Z')
    const params = { client, window, filters: {}, compare: null, at, signal }
    const data = await report.load(database.forClient('retail'), params)
    const meta: DocumentMeta = {
      ...{ report: report.name, title: report.title, client, ...client, window, windowLabel: 'November 2011' },
      ...{
        dataAsOf: null,
        provisionalDays: [],
        quarantinedFacts: 0,
        executionId: 'x',
        generatedAt: '2011-12-01T00:00:00Z',
      },
    }
    const blocks = report.compose(data, meta)
    const { rows } = await sql<{ net: number }>`
      select sum(amount_minor) as net from payments
      where client_id = 'retail' and occurred_at >= '2011-11-01Z' and occurred_at < '2011-12-01Z'`.execute(db)
    const net = blocks
      .flatMap((block) => (block.kind === 'figures' ? block.figures : []))
      .find(({ label }) => label === 'Net revenue')
    expect(net?.value).toBe(rows[0]?.net)
    const checks = blocks.flatMap((block) => (block.kind === 'checks' ? block.checks : []))
    expect(checks.filter((check) => !check.holds)).toEqual([])
    expect(checks).toHaveLength(8)
  })
})
