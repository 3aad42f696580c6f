import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { sql } from 'kysely'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { rejectsKey } from '../../src/ingest/imports/rejects-key.ts'
import { applyRetention } from '../../src/jobs/apply-retention.ts'
import type { JobTools } from '../../src/jobs/job-tools.ts'
import { createLog } from '../../src/log.ts'
import { perform } from '../../src/queues/index.ts'
import { expireRuns } from '../../src/queues/runs/expire-runs.ts'
import { openFolderStore } from '../../src/storage/folder-store.ts'
import { dayOf, systemClock } from '../../src/time.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { ACME, given } from '../support/given.ts'
import { PATIENCE } from '../support/patience.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system
const folder = await mkdtemp(join(tmpdir(), 'daybreak-retention-'))
const storage = openFolderStore(folder)
const today = dayOf(systemClock(), 'UTC')

afterAll(() => rm(folder, { recursive: true, force: true }))

beforeEach(async () => {
  await emptyDatabase(db)

  await given.client(db)
})

function applyToday(factDays: number | null): Promise<unknown> {
  const retention = { reportDays: 400, ledgerDays: 400, importDays: 30, factDays, eventDays: 90 }
  return perform(
    applyRetention,
    { day: today },
    { database, log: createLog('silent'), jobTools: { database, storage, retention } as JobTools },
  )
}

async function givenExecution(age: string): Promise<string> {
  const id = randomUUID()
  const key = `acme/${id}/report.csv`
  await storage.put(key, Readable.from(['x']), { mediaType: 'text/csv' })
  await sql`insert into executions (client_id, id, report, window_from, window_to, time_zone, currency, state, created_at)
    values (${ACME}, ${id}, 'performance', '2020-01-01', '2020-01-02', 'UTC', 'EUR', 'completed', now() - ${age}::interval)`.execute(
    db,
  )
  await sql`insert into execution_files (client_id, execution_id, format, object_key, file_name, media_type, size_bytes, sha256)
    values (${ACME}, ${id}, 'csv', ${key}, 'report.csv', 'text/csv', 1, '')`.execute(db)
  return key
}

async function storedKeys(): Promise<string[]> {
  const keys: string[] = []
  for await (const key of storage.list('')) keys.push(key)
  return keys
}

test('a report past its time goes with its files, a younger one stays', async () => {
  await givenExecution('500 days')
  const young = await givenExecution('300 days')
  await applyToday(null)
  expect(await storedKeys()).toEqual([young])
  expect(await db.selectFrom('execution_files').select('object_key').execute()).toEqual([{ object_key: young }])
})

test('an imported file past its time goes with its rejects and its row, unless another import needs the file', async () => {
  const put = async (key: string) => {
    await storage.put(key, Readable.from(['x']), { mediaType: 'text/csv' })
    return key
  }
  const insert = async (file: string, age: string, dryRun = false) => {
    const { rows } = await sql<{
      id: string
    }>`insert into imports (client_id, kind, file_name, dry_run, strict, object_key, size_bytes, sha256, requested_by, created_at)
      values (${ACME}, 'payments', ${file}, ${dryRun}, false, ${file}, 1, '', 'Ada', now() - ${age}::interval) returning id`.execute(
      db,
    )
    return rows[0]?.id ?? ''
  }
  const [old, shared, young] = [
    await put('uploads/2020-01-01/old'),
    await put('uploads/2020-01-01/shared'),
    await put(`uploads/${today}/young`),
  ]
  await put('uploads/2020-01-01/of-nobody')
  const justNow = await put(`uploads/${today}/under-way`)
  // One that was broken off before it could say that it has rejects.
  await put(rejectsKey(ACME, await insert(old, '31 days')))
  await insert(shared, '31 days', true)
  await insert(shared, '29 days')
  const rejects = await put(rejectsKey(ACME, await insert(young, '29 days')))
  await applyToday(null)
  expect((await storedKeys()).filter((key) => /^(uploads|imports)/.test(key))).toEqual(
    [rejects, shared, justNow, young].toSorted(),
  )
  const left = await db.selectFrom('imports').select('object_key').orderBy('object_key').execute()
  expect(left.map((row) => row.object_key)).toEqual([shared, young])
})

test('a finished run past its time goes with all that hangs on it, unless one that has not succeeded depends on it', async () => {
  const insert = (key: string, state: string, age = '500 days') =>
    sql`insert into runs (job, key, queue, payload, state, origin, planned_at, finished_at)
      values ('old', ${key}, 'aggregation', '{}', ${state}, 'schedule', now() - ${age}::interval - interval '1 hour',
        case ${state} when 'planned' then null else now() - ${age}::interval end)`.execute(db)
  const needs = (key: string, needed: string) =>
    sql`insert into run_dependencies (run_id, job, key) select id, 'old', ${needed} from runs where key = ${key}`.execute(
      db,
    )
  for (const key of ['under-planned', 'under-failed', 'under-succeeded', 'under-none']) await insert(key, 'succeeded')
  await insert('failed-long-ago', 'failed')
  await insert('planned', 'planned')
  await insert('failed', 'failed', '399 days')
  await insert('succeeded', 'succeeded', '399 days')
  for (const key of ['planned', 'failed', 'succeeded']) await needs(key, `under-${key}`)
  await sql`insert into run_attempts (run_id, attempt, node, finished_at, outcome) select id, 1, 'x', now(), 'retried' from runs`.execute(
    db,
  )
  await sql`insert into run_logs (run_id, attempt, line, level, message) select id, 1, 1, 'info', key from runs`.execute(
    db,
  )
  await applyToday(null)
  const left = ['failed', 'planned', 'succeeded', 'under-failed', 'under-planned']
  const keys = await db.selectFrom('runs').select('key').orderBy('key').execute()
  expect(keys.map(({ key }) => key)).toEqual(left)
  const lines = await db.selectFrom('run_logs').select('message').orderBy('message').execute()
  expect(lines.map(({ message }) => message)).toEqual(left)
  expect(await db.selectFrom('run_attempts').select('run_id').execute()).toHaveLength(left.length)
})

test('runs go in batches until their time is spent, and the rest goes the next time', async () => {
  await sql`insert into runs (job, key, queue, payload, state, origin, planned_at, finished_at)
    select 'old', n::text, 'aggregation', '{}', 'succeeded', 'schedule', now() - interval '500 days', now() - interval '500 days'
    from generate_series(1, 2500) n`.execute(db)
  const expire = () => expireRuns(db, 400, { budgetMs: 0, signal: AbortSignal.timeout(PATIENCE.timeout) })
  expect(await expire()).toEqual({ deleted: 1000, isDone: false })
  expect(await expire()).toEqual({ deleted: 1000, isDone: false })
  expect(await expire()).toEqual({ deleted: 500, isDone: true })
  expect(await expire()).toEqual({ deleted: 0, isDone: true })
})

test('a backfill goes with the last of its runs', async () => {
  const insert = (age: string) =>
    sql<{
      id: string
    }>`insert into backfills (client_id, job, window_from, window_to, reprocess, newest_first, runs_max, requested_by, created_at)
      values (${ACME}, 'old', '2020-01-01', '2020-01-02', 'all', false, 1, 'Ada', now() - ${age}::interval) returning id`.execute(
      db,
    )
  await insert('500 days')
  const kept = [(await insert('500 days')).rows[0]?.id ?? '', (await insert('300 days')).rows[0]?.id ?? '']
  await sql`insert into runs (job, key, queue, payload, state, origin, finished_at, backfill_id)
    values ('old', 'x', 'aggregation', '{}', 'succeeded', 'backfill', now() - interval '300 days', ${kept[0]})`.execute(
    db,
  )
  await applyToday(null)
  const left = await db.selectFrom('backfills').select('id').orderBy('created_at').execute()
  expect(left.map(({ id }) => id)).toEqual(kept)
})

test('old months of contacts are dropped when asked for, payments and roll-ups stay, and no day becomes dirty', async () => {
  await sql`select ensure_fact_partitions('2020-03-01', '2020-03-31')`.execute(db)
  await given.calls(db, [['2020-03-05T10:00:00Z', {}]])
  await given.payments(db, [['2020-03-05T10:00:00Z', { amount_minor: 100 }]])
  const days = () => db.selectFrom('rollup_days').selectAll().execute()
  const before = await days()
  await applyToday(90)
  expect(await db.selectFrom('interactions').select('id').execute()).toEqual([])
  expect(await db.selectFrom('payments').select('amount_minor').execute()).toEqual([{ amount_minor: 100 }])
  expect(await days()).toEqual(before)
})

test('what comes after its month was dropped goes the next time, and no day becomes dirty by that', async () => {
  await sql`select ensure_fact_partitions('2020-03-01', '2020-03-31')`.execute(db)
  await applyToday(90)
  const late = ['2020-03-05T10:00:00Z', '1999-12-31T10:00:00Z']
  await given.calls(
    db,
    late.map((at) => [at, {}]),
  )
  await given.facts(
    db,
    'analytics_events',
    late.map((occurred_at) => ({ occurred_at, name: 'visit' })),
  )
  await given.payments(
    db,
    late.map((at) => [at, {}]),
  )
  const count = async () => {
    const [calls, events, payments] = [
      await db.selectFrom('interactions').select('id').execute(),
      await db.selectFrom('analytics_events').select('id').where('occurred_at', '<', '2021-01-01').execute(),
      await db.selectFrom('payments').select('id').where('occurred_at', '<', '2021-01-01').execute(),
    ]
    return [calls.length, events.length, payments.length]
  }
  const days = () => db.selectFrom('rollup_days').selectAll().orderBy('day').execute()
  const before = await days()
  expect(await count()).toEqual([2, 2, expect.any(Number)])
  const [, , payments] = await count()
  await applyToday(null)
  expect(await count()).toEqual([2, 0, payments])
  await applyToday(90)
  expect(await count()).toEqual([0, 0, payments])
  expect(await days()).toEqual(before)
})

test('old months of raw events are dropped whatever is said of facts, younger ones and the books stay', async () => {
  await sql`select ensure_fact_partitions('2020-03-01', '2020-03-31')`.execute(db)
  const at = ['2020-03-05T10:00:00Z', `${today}T00:00:00Z`]
  for (const [n, when] of at.entries()) {
    await sql`insert into analytics_events (client_id, id, occurred_at, name) values (${ACME}, ${`e${n}`}, ${when}, 'visit')`.execute(
      db,
    )
    await sql`insert into deals (client_id, id, opened_at, amount_minor, currency) values (${ACME}, ${`d${n}`}, ${when}, 1, 'EUR')`.execute(
      db,
    )
    await sql`insert into leads (client_id, id, created_at) values (${ACME}, ${`l${n}`}, ${when})`.execute(db)
  }
  await applyToday(null)
  const ids = async (table: string) =>
    (await sql<{ id: string }>`select id from ${sql.table(table)} order by id`.execute(db)).rows
  expect([await ids('analytics_events'), await ids('deals'), await ids('leads')]).toEqual([
    [{ id: 'e1' }],
    [{ id: 'd0' }, { id: 'd1' }],
    [{ id: 'l0' }, { id: 'l1' }],
  ])
})

test('the months to come are ready', async () => {
  await applyToday(null)
  const next = Temporal.PlainDate.from(today).add({ months: 1 }).toString().slice(0, 7).replace('-', '_')
  const { rows } = await sql`select to_regclass(${`payments_${next}`}) is not null as ready`.execute(db)
  expect(rows).toEqual([{ ready: true }])
})

test('an alert goes with the time of its run, an open one stays', async () => {
  await sql`delete from alerts`.execute(db)
  await sql`insert into alerts (kind, subject_kind, subject_id, title, message, advice, resolved_at) values
    ('run-failed', 'run', 'old', '', '', '', now() - interval '500 days'), ('run-failed', 'run', 'young', '', '', '', now() - interval '300 days'),
    ('run-failed', 'run', 'open', '', '', '', null)`.execute(db)
  await applyToday(null)
  expect(await db.selectFrom('alerts').select('subject_id as subject').orderBy('subject_id').execute()).toEqual([
    { subject: 'open' },
    { subject: 'young' },
  ])
})
