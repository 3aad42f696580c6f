import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { refreshSummaries, rollUpDay } from '../../src/analytics/metrics/index.ts'
import { ACME, given, table } from '../support/given.ts'
import { PATIENCE } from '../support/patience.ts'
import { rollUpDays } from '../support/roll-up.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system

async function refresh(): Promise<void> {
  await refreshSummaries(database, AbortSignal.timeout(PATIENCE.timeout))
}

test('summaries say what daily_metrics says, after they were refreshed; a client sees its own rows only, and by views only', async () => {
  for (const id of [ACME, 'other']) {
    await given.client(db, { id })
    await given.calls(db, [
      [
        '2026-03-01T09:00:00Z',
        { client_id: id, sector_id: 'sales', wait_s: 5, talk_s: 90, wrap_s: 30, resolved: true },
      ],
      ['2026-03-01T09:05:00Z', { client_id: id, sector_id: 'sales', status: 'abandoned', wait_s: 60 }],
    ])
    await database
      .forClient(id)
      .transaction()
      .execute((tx) => rollUpDay(tx, { clientId: id, day: '2026-03-01' }))
  }
  const summary = () =>
    sql`select client_id, day, offered, handle_s, abandonment, service_level, handle_time_s, csat from daily_performance_summary order by 1`.execute(
      db,
    )
  expect((await summary()).rows).toEqual([])
  await refresh()
  await refresh()
  const day = {
    day: '2026-03-01',
    offered: 2,
    handle_s: 120,
    abandonment: 0.5,
    service_level: 0.5,
    handle_time_s: 120,
    csat: null,
  }
  expect((await summary()).rows).toEqual([
    { client_id: ACME, ...day },
    { client_id: 'other', ...day },
  ])
  const asAcme = database.forClient(ACME)
  const own = await sql`select client_id, sector_id, answered from own_sector_performance`.execute(asAcme)
  expect(own.rows).toEqual([{ client_id: ACME, sector_id: 'sales', answered: 1 }])
  expect(
    (await sql`select client_id from own_daily_performance where client_id = 'other'`.execute(asAcme)).rows,
  ).toEqual([])
  await expect(sql`select from daily_performance_summary`.execute(asAcme)).rejects.toThrow('permission denied')
})

test('a day on which nothing of a kind happened says zero of it, whatever else happened', async () => {
  await db.deleteFrom('interactions').execute()
  await db.deleteFrom('clients').execute()
  await given.client(db)
  await given.calls(db, [['2026-03-01T09:00:00Z', {}]])
  const cost = { incurred_at: '2026-03-02T09:00:00Z', category: 'labour', amount_minor: 5, currency: 'EUR' } as const
  await given.facts(db, 'cost_analysis', [cost])
  await rollUpDays(database, ACME, ['2026-03-01', '2026-03-02', '2026-03-03'])
  await refresh()
  const { rows } =
    await sql`select day, offered, orders, gross_minor, refunded_minor, quarantined from daily_performance_summary order by 1`.execute(
      db,
    )
  const nothing = { offered: 0, orders: 0, gross_minor: 0, refunded_minor: 0, quarantined: 0 }
  expect(rows).toEqual([
    { day: '2026-03-01', ...nothing, offered: 1 },
    { day: '2026-03-02', ...nothing },
    { day: '2026-03-03', ...nothing },
  ])
  const wholes = (await table(db, 'daily_metrics')).filter(({ dimension }) => dimension === 'client')
  expect(wholes.flatMap((row) => Object.keys(row).filter((name) => row[name] === null))).toEqual([])
})

test('a refresh does not hold up who reads', async () => {
  const reading = await db.transaction().execute(async (tx) => {
    await sql`select from daily_performance_summary`.execute(tx)
    // The reader's lock is held until its transaction ends: a refresh that is not concurrent would wait for it.
    await refresh()
    return 'read'
  })
  expect(reading).toBe('read')
})
