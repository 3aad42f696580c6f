import { sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { jobs } from '../../src/jobs/index.ts'
import { type ReportSchedule, scheduleReport, unscheduleReport } from '../../src/jobs/schedule-report.ts'
import { createLog } from '../../src/log.ts'
import { changeSchedule, createRegistry } from '../../src/queues/index.ts'
import { planDueSchedules } from '../../src/queues/schedules/plan-due-schedules.ts'
import { syncSchedules } from '../../src/queues/schedules/sync-schedules.ts'
import { listReportSchedules } from '../../src/reports/schedules/report-schedules.ts'
import { given } from '../support/given.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system
const log = createLog('silent')
const registry = createRegistry(jobs)

beforeEach(async () => {
  for (const name of ['runs', 'schedules', 'clients'] as const) await db.deleteFrom(name).execute()
  await given.client(db, { time_zone: 'Europe/Berlin' })
})

const monthly: ReportSchedule = {
  clientId: 'acme',
  name: 'monthly',
  asked: { report: 'monthly-revenue', period: 'last-month', formats: ['pdf'] },
  cron: '0 6 1 * *',
  zone: 'client',
  recipients: [
    { address: 'Finance@acme.example', formats: ['pdf', 'xlsx'] },
    { address: 'owner@acme.example', formats: ['pdf'] },
  ],
  ownerAddress: 'operations@acme.example',
}
const ID = 'report.acme.monthly'

async function schedules() {
  return db
    .selectFrom('schedules')
    .select([
      'id',
      'job',
      'client_id',
      'cron',
      'zone',
      'payload',
      'catch_up',
      'late_after_s',
      'overlap',
      'declared',
      'is_edited',
    ])
    .where('job', '=', 'render-report')
    .execute()
}

async function recipients() {
  return db
    .selectFrom('schedule_recipients')
    .select(['address', 'formats', sql<boolean>`unsubscribed_at is not null`.as('isOut')])
    .orderBy('address')
    .execute()
}

/** What is planned once it is `at`, counted from a day before. */
async function plannedAt(at: string): Promise<{ key: string; dueAt: string | null }[]> {
  const before = Temporal.Instant.from(at).subtract({ hours: 24 }).toString()
  await db.updateTable('schedules').set({ planned_until: before, next_due_at: null }).execute()
  await syncSchedules(db, registry, log, Temporal.Instant.from(before))
  for (let tick = 0; tick < 2; tick += 1) await planDueSchedules(db, registry, log, Temporal.Instant.from(at))
  const runs = db.selectFrom('runs').select(['key', 'due_at as dueAt']).where('job', '=', 'render-report')
  return runs.execute()
}

describe('a report that is scheduled', () => {
  test('is one row of schedules, which nobody declares, and its recipients are rows', async () => {
    await scheduleReport(db, monthly)
    await scheduleReport(db, monthly)
    await syncSchedules(db, registry, log)
    const payload = { report: 'monthly-revenue', period: 'last-month', formats: ['pdf', 'xlsx'], scheduleId: ID }
    const policies = { catch_up: 'all', late_after_s: 3600, overlap: 'allow', declared: null, is_edited: false }
    const when = { cron: '0 6 1 * *', zone: 'client' }
    expect(await schedules()).toEqual([
      { id: ID, job: 'render-report', client_id: 'acme', payload, ...when, ...policies },
    ])
    expect(await recipients()).toEqual([
      { address: 'finance@acme.example', formats: ['pdf', 'xlsx'], isOut: false },
      { address: 'owner@acme.example', formats: ['pdf'], isOut: false },
    ])
  })

  test('plans one run for each time it is due, however often it is planned', async () => {
    await scheduleReport(db, monthly)
    expect(await plannedAt('2026-12-01T05:00:00Z')).toEqual([
      { key: `acme.monthly-revenue.2026-11-01.2026-12-01.${ID}`, dueAt: '2026-12-01T05:00:00Z' },
    ])
  })

  test('is planned as somebody edits it on the page of its schedule, whoever schedules meanwhile', async () => {
    await scheduleReport(db, monthly)
    await changeSchedule(db, ID, { settings: { cron: '0 8 1 * *', overlap: 'queue' } })
    await syncSchedules(db, registry, log)
    expect(await schedules()).toMatchObject([{ cron: '0 8 1 * *', overlap: 'queue', is_edited: false }])
    expect(await plannedAt('2026-12-01T07:00:00Z')).toMatchObject([{ dueAt: '2026-12-01T07:00:00Z' }])
  })

  test('scheduled again changes what it says and keeps a pause and what was chosen for missed times', async () => {
    await scheduleReport(db, monthly)
    const pause = { until: Temporal.Instant.from('2099-01-01T00:00:00Z'), reason: 'holidays' }
    await changeSchedule(db, ID, { settings: { catchUp: 'latest' }, pause })
    await db.updateTable('schedule_recipients').set({ unsubscribed_at: '2026-01-01T00:00:00Z' }).execute()
    const fewer: ReportSchedule['recipients'] = [{ address: 'finance@acme.example', formats: ['csv'] }]
    await scheduleReport(db, { ...monthly, cron: '0 7 1 * *', recipients: fewer })
    const [row] = await db.selectFrom('schedules').selectAll().where('id', '=', ID).execute()
    expect(row).toMatchObject({ cron: '0 7 1 * *', catch_up: 'latest', paused_reason: 'holidays' })
    expect(row?.payload).toMatchObject({ formats: ['pdf', 'csv'] })
    // Whoever has unsubscribed stays so until somebody takes them out and adds them again.
    expect(await recipients()).toEqual([{ address: 'finance@acme.example', formats: ['csv'], isOut: true }])
  })

  test('is planned no more once it is taken away, and its recipients go with it', async () => {
    await scheduleReport(db, monthly)
    await scheduleReport(db, { ...monthly, name: 'other' })
    await unscheduleReport(db, monthly)
    expect(await plannedAt('2026-12-01T05:00:00Z')).toMatchObject([{ key: expect.stringMatching(/\.other$/) }])
    expect((await listReportSchedules(db)).map(({ name }) => name)).toEqual(['other'])
    const left = await db.selectFrom('schedule_recipients').select('schedule_id').distinct().execute()
    expect(left).toEqual([{ schedule_id: 'report.acme.other' }])
    await expect(unscheduleReport(db, monthly)).rejects.toMatchObject({ code: 'unknown-schedule' })
  })

  test.each<[what: string, change: Partial<ReportSchedule>, code: string]>([
    ['a name that is none', { name: 'Monthly report' }, 'schedule-name'],
    ['a time that is none', { cron: 'monthly' }, 'invalid-cron'],
    ['a zone that is none', { zone: 'Berlin' }, 'invalid-zone'],
    ['an address that is none', { recipients: [{ address: 'finance', formats: ['pdf'] }] }, 'invalid-email'],
    ['a client that is none', { clientId: 'nobody' }, 'no-such-client'],
    [
      'what the report cannot be narrowed down by',
      { asked: { ...monthly.asked, filters: { agent: ['a'] } } },
      'invalid-payload',
    ],
  ])('is refused with %s, and nothing is kept', async (_what, change, code) => {
    await expect(scheduleReport(db, { ...monthly, ...change })).rejects.toMatchObject({ code })
    expect([await schedules(), await recipients()]).toEqual([[], []])
  })

  test('who is named twice, in other letters too, is one recipient with the formats of both', async () => {
    const twice = [
      { address: 'Finance@acme.example', formats: ['pdf', 'csv'] as const },
      { address: 'finance@acme.example', formats: ['xlsx', 'pdf'] as const },
    ]
    const named = twice.map(({ address, formats }) => ({ address, formats: [...formats] }))
    await scheduleReport(db, { ...monthly, recipients: named })
    expect(await recipients()).toEqual([
      { address: 'finance@acme.example', formats: ['pdf', 'csv', 'xlsx'], isOut: false },
    ])
  })

  test('is out of reach of another client, and so are its recipients', async () => {
    await given.client(db, { id: 'blue' })
    await scheduleReport(db, monthly)
    const other = database.forClient('blue')
    expect(await other.selectFrom('schedule_recipients').selectAll().execute()).toEqual([])
    expect(await listReportSchedules(other, { clientId: 'acme' })).toEqual([])
    const values = { client_id: 'acme', schedule_id: ID, address: 'spy@blue.example', formats: ['pdf'] }
    await expect(other.insertInto('schedule_recipients').values(values).execute()).rejects.toThrow('row-level security')
    await other.deleteFrom('schedule_recipients').execute()
    expect(await recipients()).toHaveLength(2)
  })
})
