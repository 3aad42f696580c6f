import { beforeEach, expect, test } from 'vitest'
import { renderReport } from '../../src/jobs/render-report.ts'
import { createLog } from '../../src/log.ts'
import { createRegistry } from '../../src/queues/index.ts'
import { syncSchedules } from '../../src/queues/schedules/schedule.ts'
import { syncSubscriptionSchedules } from '../../src/reports/schedules/subscriptions.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { given, table } from '../support/given.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system
const log = createLog('silent')
const registry = createRegistry([renderReport])

beforeEach(async () => {
  await emptyDatabase(db)

  await given.client(db)
  const what = { id: 'monthly', report: 'monthly-revenue', period: 'last-month', formats: ['pdf', 'xlsx'] }
  await db
    .insertInto('report_subscriptions')
    .values({ client_id: 'acme', cron: '0 6 1 * *', ...what })
    .execute()
})

async function schedules() {
  return (await table(db, 'schedules')).map(
    ({ planned_until: _until, created_at: _at, next_due_at: _due, in_force_since: _since, ...row }) => row,
  )
}

const row = {
  id: 'subscription.acme.monthly',
  job: 'render-report',
  client_id: 'acme',
  cron: '0 6 1 * *',
  zone: 'client',
  payload: { subscriptionId: 'monthly', report: 'monthly-revenue', period: 'last-month', formats: ['pdf', 'xlsx'] },
  catch_up: 'all',
  catch_up_within_s: null,
  late_after_s: 3600,
  overlap: 'allow',
  is_edited: false,
  declared: {
    cron: '0 6 1 * *',
    zone: 'client',
    catchUp: 'all',
    catchUpWithinS: null,
    lateAfterS: 3600,
    overlap: 'allow',
  },
  paused_until: null,
  paused_reason: null,
  skipped: 0,
  last_skipped_at: null,
}

test('a subscription gets a schedule as the job that renders declares it, once', async () => {
  await syncSubscriptionSchedules(db, renderReport)
  await syncSubscriptionSchedules(db, renderReport)
  expect(await schedules()).toEqual([row])
})

test('what the job declares differently is in force with the next tick', async () => {
  await syncSubscriptionSchedules(db, renderReport)
  const patient = {
    ...renderReport,
    schedule: renderReport.schedule && { ...renderReport.schedule, lateAfterMs: 60_000 },
  }
  await syncSubscriptionSchedules(db, patient)
  await syncSchedules(db, registry, log)
  expect(await schedules()).toEqual([{ ...row, late_after_s: 60, declared: { ...row.declared, lateAfterS: 60 } }])
})

test('a person’s edit of the times stays, and what is rendered follows the subscription', async () => {
  await syncSubscriptionSchedules(db, renderReport)
  await db.updateTable('schedules').set({ cron: '0 8 1 * *', is_edited: true }).execute()
  await db
    .updateTable('report_subscriptions')
    .set({ cron: '0 7 1 * *', formats: ['csv'] })
    .execute()
  await syncSubscriptionSchedules(db, renderReport)
  await syncSchedules(db, registry, log)
  const payload = { ...row.payload, formats: ['csv'] }
  const declared = { ...row.declared, cron: '0 7 1 * *' }
  expect(await schedules()).toEqual([{ ...row, payload, declared, cron: '0 8 1 * *', is_edited: true }])
})

test('the schedule of a deleted subscription goes, and no other', async () => {
  await syncSubscriptionSchedules(db, renderReport)
  await db
    .insertInto('schedules')
    .values({ ...row, id: 'own', payload: '{}', declared: null })
    .execute()
  await db.deleteFrom('report_subscriptions').execute()
  await syncSubscriptionSchedules(db, renderReport)
  expect((await schedules()).map(({ id }) => id)).toEqual(['own'])
})
