import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { eraseCustomer } from '../../../src/jobs/erase-customer.ts'
import { importFile } from '../../../src/jobs/import-file.ts'
import { addDays, dayBefore } from '../../../src/time.ts'
import { given } from '../../support/given.ts'
import { keyHeaders, openTestBoard, signIn } from '../../support/test-board.ts'
import { type TestPayload, testJob } from '../../support/test-engine.ts'
import { exampleOf, writeRoutes } from '../../support/write-examples.ts'

const schedule = {
  cron: '10 0 * * *',
  zone: 'client' as const,
  scope: 'client' as const,
  catchUp: 'all' as const,
  catchUpWithinMs: null,
  lateAfterMs: null,
  overlap: 'allow' as const,
  payload: (dueAt: Temporal.Instant, client: { id: string; timeZone: string }) => ({
    clientId: client.id,
    name: dayBefore(dueAt, client.timeZone),
  }),
}
const rollUp = testJob('roll-up-day', async () => {}, {
  schedule,
  night: ({ name }: TestPayload) => name,
  window: ({ name }: TestPayload) => ({ from: name, to: addDays(name, 1) }),
})
const board = await openTestBoard({ jobs: [testJob('work', async () => {}), rollUp, importFile, eraseCustomer] })
const db = board.database.system
const place = { board, admin: await signIn(board, 'admin'), key: await keyHeaders(board, 'admin') }

await sql`create function break_off() returns trigger language plpgsql as $$
  begin raise exception 'the audit log cannot be written'; end $$`.execute(db)
afterEach(() => sql`drop trigger if exists break_off on analytics_audit_log`.execute(db))

/** From now on the audit log fails at this, as it would where the process died before it. */
async function breakOff(when: 'insert' | 'update or delete'): Promise<void> {
  await sql`create trigger break_off before ${sql.raw(when)} on analytics_audit_log for each row execute function break_off()`.execute(
    db,
  )
}

/**
 * What every table holds but the audit log, and what a request leaves that is no change: when a key was used, what was
 * answered.
 */
async function contents(): Promise<unknown> {
  const { rows } = await sql`
    select relname, query_to_xml(format('select md5(string_agg(t::text, e''\n'' order by t::text)) from %I t', relname), true, true, '')::text
    from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
      and relname not in ('analytics_audit_log', 'api_keys', 'idempotency_keys', 'sign_in_failures')
    order by relname`.execute(db)
  return rows
}

async function record() {
  return db
    .selectFrom('analytics_audit_log')
    .select(['action', 'outcome', 'actor_kind', 'ip'])
    .where('action', 'not in', ['create-user'])
    .orderBy('id')
    .execute()
}

/** Those whose row and change are one transaction; all others put the row first. */
const IN_ONE = ['/sign-in', '/sign-out']

describe('every address that changes something puts it on record before', () => {
  test.each(writeRoutes.map(({ method, path }) => ({ method, path })))('$method $path', async (route) => {
    // Where the record cannot be begun, nothing is changed.
    const barred = await exampleOf(place, route)
    const before = await contents()
    await breakOff('insert')
    expect((await barred()).status).toBe(500)
    expect(await contents()).toEqual(before)
    await sql`drop trigger break_off on analytics_audit_log`.execute(db)

    // Where the process dies, or the database goes, before the record is complete, it says what was begun.
    if (!IN_ONE.includes(route.path)) {
      const cutOff = await exampleOf(place, route)
      await db.deleteFrom('analytics_audit_log').execute()
      await breakOff('update or delete')
      // It is done, and answered so: whoever asked must not ask again.
      expect((await cutOff()).status).toBeLessThan(500)
      expect(await record()).toMatchObject([{ action: `${route.method} ${route.path}`, outcome: 'begun' }])
      await sql`drop trigger break_off on analytics_audit_log`.execute(db)
    }

    const allowed = await exampleOf(place, route)
    await db.deleteFrom('analytics_audit_log').execute()
    expect((await allowed()).status).toBeLessThan(400)
    const [row, ...others] = await record()
    expect([row?.outcome, row?.action, others]).toEqual(['done', expect.stringMatching(/^[a-z-]+$/), []])
  })
})

describe('what stays on record', () => {
  const goals = '/api/admin/goals?client=acme'
  const goal = { name: 'More calls', metric: 'answered', target: 10, from: '2026-03-01', to: '2026-04-01' }
  const send = (method: string, path: string, body: object, headers: Record<string, string> = {}) =>
    fetch(board.url + path, {
      method,
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json', ...place.key, ...headers },
    })

  beforeAll(() => given.client(db, { id: 'acme' }))
  beforeEach(() => db.deleteFrom('analytics_audit_log').execute())

  test('of a change that was refused as wrong, or changed nothing, is nothing', async () => {
    const { status } = await send('PUT', `/api/admin/goals/${randomUUID()}`, goal)
    const counted = await send('POST', '/api/runs/bulk', { action: 'retry', filter: {}, dryRun: true })
    expect([status, counted.status, await record()]).toEqual([404, 200, []])
  })

  test('of a change that broke off is what was set out to do, and that it failed', async () => {
    await sql`create trigger break_off before insert on goals for each row execute function break_off()`.execute(db)
    const { status } = await send('POST', goals, goal)
    await sql`drop trigger break_off on goals`.execute(db)
    const rows = await db
      .selectFrom('analytics_audit_log')
      .select(['action', 'target', 'client_id', 'outcome', 'code'])
      .execute()
    expect([status, rows]).toEqual([
      500,
      [
        {
          action: 'post /api/admin/goals',
          target: '/api/admin/goals',
          client_id: 'acme',
          outcome: 'failed',
          code: 'internal-error',
        },
      ],
    ])
  })

  test('an answer that is given again changes nothing and writes nothing', async () => {
    const headers = { 'Idempotency-Key': randomUUID() }
    const answers = [await send('POST', goals, goal, headers), await send('POST', goals, goal, headers)]
    expect(answers.map((answer) => [answer.status, answer.headers.get('Idempotency-Replayed')])).toEqual([
      [201, null],
      [201, 'true'],
    ])
    expect((await record()).map(({ action }) => action)).toEqual(['create-goal'])
  })

  test('neither a secret nor a customer stands in what is begun', async () => {
    await breakOff('update or delete')
    await (await exampleOf(place, { method: 'delete', path: '/api/admin/customers/:customerId' }))()
    await (await exampleOf(place, { method: 'post', path: '/u/:token' }))()
    const rows = await db
      .selectFrom('analytics_audit_log')
      .select(['target', 'outcome'])
      .where('outcome', '=', 'begun')
      .orderBy('id')
      .execute()
    expect(rows.map(({ target }) => target)).toEqual(['/api/admin/customers/:customerId', '/u/:token'])
  })

  test('an admin sees what is begun and not done, and narrows the log down to it', async () => {
    const row = { actor_kind: 'user', actor_id: '1', actor_name: 'Ann', target: 'run:1' } as const
    await db
      .insertInto('analytics_audit_log')
      .values([
        { ...row, action: 'cut-off', outcome: 'begun' },
        { ...row, action: 'broken-off', outcome: 'failed', code: 'internal-error' },
        { ...row, action: 'all-well' },
      ])
      .execute()
    const actionsOf = async (path: string) =>
      (await (await place.admin.get(path)).text()).match(/Cut off|Broken off|All well|internal-error|not on record/g)
    expect(await actionsOf('/audit')).toEqual(['All well', 'Broken off', 'internal-error', 'Cut off'])
    expect(await actionsOf('/audit?outcome=begun')).toEqual(['not on record', 'Cut off'])
  })
})
