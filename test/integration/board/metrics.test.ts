import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { beforeEach, expect, test } from 'vitest'
import { emptyDatabase } from '../../support/empty-database.ts'
import { given } from '../../support/given.ts'
import { openTestBoard } from '../../support/test-board.ts'

let now = Temporal.Now.instant()
const board = await openTestBoard({ change: { clock: () => now, metricsWithoutKey: true } })
const db = board.database.system

beforeEach(async () => {
  await emptyDatabase(db)

  await given.client(db, { time_zone: 'Europe/Zurich' })
})

const run = { job: 'roll-up-day', queue: 'aggregation', client_id: 'acme', payload: '{}', origin: 'schedule' } as const

async function lines(): Promise<string[]> {
  return (await (await fetch(`${board.url}/metrics`)).text()).split('\n').filter((line) => !line.startsWith('#'))
}

async function value(name: string): Promise<number> {
  const line = (await lines()).find((each) => each.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1))
}

test('runs are kept apart by job and state: those that are open, and those that failed', async () => {
  await db
    .insertInto('runs')
    .values([
      { ...run, key: 'a', state: 'succeeded', finished_at: '2026-01-01T00:00:00Z' },
      { ...run, key: 'b', state: 'failed', finished_at: Temporal.Now.instant().toString() },
      { ...run, key: 'c', state: 'failed', finished_at: '2026-01-01T00:00:00Z' },
      { ...run, key: 'd', state: 'planned' },
      { ...run, key: 'e', state: 'planned' },
      { ...run, key: 'f', state: 'running' },
    ])
    .execute()
  expect((await lines()).filter((line) => line.startsWith('daybreak_runs{'))).toEqual([
    'daybreak_runs{job="roll-up-day",state="planned"} 2',
    'daybreak_runs{job="roll-up-day",state="running"} 1',
    'daybreak_runs{job="roll-up-day",state="failed"} 1',
  ])
})

test('an attempt that ended is counted once, with how long it took', async () => {
  const at = (seconds: number) => now.add({ seconds }).toString()
  await lines()
  const { id } = await db
    .insertInto('runs')
    .values({ ...run, key: 'a' })
    .returning('id')
    .executeTakeFirstOrThrow()
  const attempt = { run_id: id, node: 'n', started_at: at(-2), finished_at: at(0) }
  await db
    .insertInto('run_attempts')
    .values([
      { ...attempt, attempt: 1, outcome: 'retried' },
      { ...attempt, attempt: 2, outcome: 'succeeded' },
      { ...attempt, attempt: 3, outcome: 'succeeded', started_at: at(-200) },
    ])
    .execute()
  now = now.add({ seconds: 60 })
  await Promise.all([lines(), lines()])
  expect((await lines()).filter((line) => /^daybreak_run_(attempts|duration)/.test(line))).toEqual(
    expect.arrayContaining([
      'daybreak_run_attempts_total{job="roll-up-day",outcome="retried"} 1',
      'daybreak_run_attempts_total{job="roll-up-day",outcome="succeeded"} 2',
      'daybreak_run_duration_seconds_bucket{le="2.5",job="roll-up-day"} 1',
      'daybreak_run_duration_seconds_bucket{le="120",job="roll-up-day"} 1',
      'daybreak_run_duration_seconds_bucket{le="300",job="roll-up-day"} 2',
      'daybreak_run_duration_seconds_sum{job="roll-up-day"} 202',
      'daybreak_run_duration_seconds_count{job="roll-up-day"} 2',
    ]),
  )
})

test('what waits, what is overdue, who works and what is wrong', async () => {
  await sql`
    insert into runs (job, key, queue, client_id, payload, origin, planned_at, not_before)
    values ('roll-up-day', 'a', 'aggregation', 'acme', '{}', 'schedule', now() - interval '70 s', now() - interval '70 s')`.execute(
    db,
  )
  await sql`
    insert into schedules (id, job, client_id, cron, zone, catch_up, overlap, next_due_at)
    values ('roll-up-day.acme', 'roll-up-day', 'acme', '10 0 * * *', 'client', 'all', 'allow', now() - interval '90 s')`.execute(
    db,
  )
  await sql`insert into nodes (id, seen_at) values ('a', now()), ('b', now()), ('gone', now() - interval '1 hour')`.execute(
    db,
  )
  await sql`
    insert into alerts (kind, subject_kind, subject_id, title, message, advice, resolved_at)
    values ('run-failed', 'run', 'a', '', '', '', null), ('run-failed', 'run', 'b', '', '', '', now())`.execute(db)
  expect(await value('daybreak_queue_oldest_waiting_seconds{queue="aggregation"}')).toBeCloseTo(70, -1)
  expect(await value('daybreak_queue_oldest_waiting_seconds{queue="reports"}')).toBe(0)
  expect(await value('daybreak_schedule_lag_seconds')).toBeCloseTo(90, -1)
  expect(await value('daybreak_nodes')).toBe(2)
  expect(await value('daybreak_alerts_open{kind="run-failed"}')).toBe(1)
  expect(await value('daybreak_alerts_open{kind="queue-old"}')).toBe(0)
  expect(await value('daybreak_ledger_readable')).toBe(1)
})

test('freshness lags from the end of the newest window that is done, in the zone of the client', async () => {
  const schedule = {
    job: 'roll-up-day',
    cron: '10 0 * * *',
    zone: 'client',
    catch_up: 'all',
    overlap: 'allow',
  } as const
  await db
    .insertInto('schedules')
    .values({ ...schedule, id: 'roll-up-day.acme', client_id: 'acme' })
    .execute()
  const { today } = await db
    .selectNoFrom(sql<string>`(now() at time zone 'Europe/Zurich')::date`.as('today'))
    .executeTakeFirstOrThrow()
  const day = (back: number) => Temporal.PlainDate.from(today).subtract({ days: back }).toString()
  await db
    .insertInto('runs')
    .values([
      { ...run, key: 'a', state: 'succeeded', window_from: day(3), window_to: day(2) },
      { ...run, key: 'b', state: 'failed', window_from: day(2), window_to: day(1) },
    ])
    .execute()
  const ended = Temporal.PlainDate.from(day(2)).toZonedDateTime('Europe/Zurich').toInstant()
  const lag = () => Temporal.Now.instant().since(ended).total('seconds')
  const before = lag()
  const told = await value('daybreak_freshness_lag_seconds{client="acme",job="roll-up-day"}')
  expect(told).toBeGreaterThanOrEqual(Math.floor(before))
  expect(told).toBeLessThanOrEqual(Math.ceil(lag()))
})

test('the runbook names what /metrics tells, and nothing else', async () => {
  const text = await (await fetch(`${board.url}/metrics`)).text()
  const told = [...text.matchAll(/^# TYPE (daybreak_\w+) (\w+)$/gm)].map(([, name, type]) => `${name} ${type}`)
  const runbook = await readFile(join(import.meta.dirname, '../../../docs/runbook.md'), 'utf8')
  const named = [...runbook.matchAll(/^\| `(daybreak_\w+)` \| (\w+) \|.*\| `[^`]*\1/gm)].map(
    ([, name, type]) => `${name} ${type}`,
  )
  expect(named.length).toBeGreaterThan(0)
  expect(new Set(named)).toEqual(new Set(told))
})

test('requests are told by route', async () => {
  await fetch(`${board.url}/livez`)
  expect(await value('daybreak_http_request_duration_seconds_count{method="GET",route="/livez",status="200"}')).toBe(1)
  expect(await value('daybreak_queue_jobs{queue="aggregation",state="waiting"}')).toBe(0)
})
