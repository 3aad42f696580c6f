import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { createKey, createUser } from '../../src/people/people.ts'
import { given } from '../support/given.ts'
import { makeDataFolder, runDaybreak } from '../support/program.ts'
import { givenReportSchedule } from '../support/report-schedules.ts'
import { OPERATOR, PASSWORD } from '../support/test-board.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database, url } = await createTestDatabase()
const db = database.system
const data = await makeDataFolder()
afterAll(() => data.remove())

const daybreak = (...words: string[]) =>
  runDaybreak(words, { DATABASE_URL: url, DATA_DIR: data.path, LOG_LEVEL: 'silent' })

await given.client(db, { id: 'acme' })
await db.insertInto('customers').values({ client_id: 'acme', id: 'ada', name: 'Ada' }).execute()
const person = { email: 'ann@example.com', name: 'Ann', role: 'viewer', clientId: null, password: PASSWORD } as const
await createUser(db, person, OPERATOR)
await createKey(db, { name: 'old', role: 'viewer', clientId: null, expiresAt: null }, OPERATOR)
const failed = { job: 'roll-up-day', key: 'acme.x', queue: 'aggregation', client_id: 'acme', state: 'failed' } as const
await db
  .insertInto('runs')
  .values({ ...failed, payload: '{"clientId":"acme","day":"2026-01-01"}', origin: 'person', finished_at: sql`now()` })
  .execute()
const file = join(data.path, 'payments.csv')
await writeFile(file, 'id,occurred_at,kind,amount_minor\n1,2026-03-01T10:00:00Z,charge,1050\n')

await givenReportSchedule(db, { name: 'weekly' })

const ROLL_UP = ['run', 'roll-up-day', '--payload', '{"clientId":"acme","day":"2026-01-02"}', '--no-wait']
const DAYS = ['--from', '2026-01-03', '--to', '2026-01-04']

/** Every command that changes something. */
const COMMANDS: readonly string[][] = [
  ['client', 'add', 'new', '--name', 'New', '--zone', 'UTC', '--currency', 'EUR'],
  ['user', 'add', 'bob@example.com', '--name', 'Bob', '--role', 'viewer'],
  ['user', 'password', 'ann@example.com'],
  ['key', 'add', 'new', '--role', 'viewer'],
  ['key', 'revoke', 'old'],
  ROLL_UP,
  ['report', 'monthly-revenue', '--client', 'acme', '--month', '2026-01', '--out', data.path],
  ['report', 'schedule', 'performance', '--client', 'acme', '--period', 'yesterday', '--cron', '0 6 * * *'],
  ['report', 'unschedule', 'weekly', '--client', 'acme'],
  ['backfill', '--client', 'acme', ...DAYS, '--no-wait'],
  ['runs', 'retry', '--client', 'acme', '--count', '1'],
  ['erase', '--client', 'acme', '--customer', 'ada', '--yes'],
  ['import', 'payments', file, '--client', 'acme'],
]

async function contents(): Promise<unknown[]> {
  const { rows } = await sql<{ all: unknown }>`
    select (select json_agg(t order by t.id) from clients t) as clients, (select json_agg(t order by t.id) from users t) as users,
      (select json_agg(t order by t.id) from api_keys t) as keys, (select json_agg(t order by t.id) from runs t) as runs,
      (select json_agg(t) from backfills t) as backfills, (select json_agg(t) from erasures t) as erasures,
      (select json_agg(t order by t.id) from schedules t) as schedules, (select json_agg(t) from payments t) as payments`.execute(
    db,
  )
  return rows
}

describe('where the audit log cannot be written', () => {
  afterEach(() => sql`drop function break_off cascade`.execute(db))

  test.each(COMMANDS.map((words) => ({ words, command: words.slice(0, 2).join(' ') })))(
    '$command changes nothing',
    async ({ words }) => {
      await sql`create function break_off() returns trigger language plpgsql as $$
        begin raise exception 'the audit log cannot be written'; end $$`.execute(db)
      await sql`create trigger break_off before insert on analytics_audit_log for each row execute function break_off()`.execute(
        db,
      )
      const before = await contents()
      const { code, err } = await daybreak(...words)
      expect([code, err]).toEqual([1, expect.stringContaining('the audit log cannot be written')])
      expect(await contents()).toEqual(before)
    },
  )
})

test('a run that somebody types goes on record', async () => {
  await db.deleteFrom('analytics_audit_log').execute()
  expect((await daybreak(...ROLL_UP)).code).toBe(0)
  const { id } = await db.selectFrom('runs').select('id').where('key', '=', 'acme.2026-01-02').executeTakeFirstOrThrow()
  const rows = await db
    .selectFrom('analytics_audit_log')
    .select(['actor_kind', 'action', 'target', 'client_id', 'outcome', 'after'])
    .execute()
  expect(rows).toEqual([
    {
      actor_kind: 'command-line',
      action: 'request-run',
      target: `run:${id}`,
      client_id: 'acme',
      outcome: 'done',
      after: { job: 'roll-up-day', again: 'failed' },
    },
  ])
})

test('scheduling a report goes on record, without the addresses', async () => {
  await db.deleteFrom('analytics_audit_log').execute()
  const words = ['performance', '--client', 'acme', '--name', 'mine', '--period', 'last-week', '--cron', '0 7 * * 1']
  const made = await daybreak(
    'report',
    'schedule',
    ...words,
    '--to',
    'ann@acme.example=csv',
    '--to',
    'bob@acme.example',
  )
  expect(made.out).toContain('Scheduled mine of acme: performance of last-week, 2 recipients.')
  const listed = await daybreak('report', 'schedules', '--client', 'acme')
  expect(listed.out).toContain('ann@acme.example (csv), bob@acme.example (pdf)')
  const taken = await daybreak('report', 'unschedule', 'mine', '--client', 'acme')
  expect(taken.out).toContain('mine of acme is scheduled no more.')
  const rows = await db.selectFrom('analytics_audit_log').selectAll().orderBy('id').execute()
  expect(rows.map(({ action, target, client_id, outcome }) => [action, target, client_id, outcome])).toEqual([
    ['schedule-report', 'report-schedule:mine', 'acme', 'done'],
    ['unschedule-report', 'report-schedule:mine', 'acme', 'done'],
  ])
  expect(rows[0]?.after).toMatchObject({ report: 'performance', cron: '0 7 * * 1', recipients: 2 })
  expect(JSON.stringify(rows)).not.toContain('acme.example')
})
