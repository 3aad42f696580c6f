import { createHmac, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { jobs } from '../../src/jobs/index.ts'
import { postAlert } from '../../src/jobs/post-alert.ts'
import { openSmtp } from '../../src/mail/smtp.ts'
import { openWebhook } from '../../src/mail/webhook.ts'
import { type AnyJob, createRegistry } from '../../src/queues/index.ts'
import { type AlertOptions, postsOf, raiseAlerts } from '../../src/queues/raise-alerts.ts'
import { planRuns } from '../../src/queues/runs/plan-runs.ts'
import { ownersOfReports } from '../../src/reports/execution/report-owners.ts'
import { MINUTE_MS } from '../../src/time.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { given } from '../support/given.ts'
import { PATIENCE } from '../support/patience.ts'
import { startSmtpServer } from '../support/smtp.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { openTestEngine, testJob } from '../support/test-engine.ts'
import { startWebhookReceiver } from '../support/webhook-receiver.ts'

const { database } = await createTestDatabase({ connectionsMax: 16 })
const db = database.system
const server = await startSmtpServer()
const receiver = await startWebhookReceiver()
const SECRET = `whsec_${Buffer.from('a secret of twenty-four bytes and more').toString('base64')}`
const mailer = openSmtp(server.url, { from: 'Daybreak <alerts@daybreak.example>' })
const webhook = openWebhook({ url: receiver.url, secret: SECRET, timeoutMs: PATIENCE.timeout })

/** The job as it is, with the tools of this test and less patience. */
const quickPost: AnyJob = {
  ...postAlert,
  retry: { attempts: 8, delayMs: 20, maxDelayMs: 50 },
  run: (payload, context) =>
    postAlert.run(payload, { ...context, database, mailer, webhook, mail: { publicUrl: 'https://board.example' } }),
}
const rollUp = testJob('roll-up-day', async () => {}, { timeoutMs: 5 * MINUTE_MS })

const MAIL = { channel: 'mail', address: 'night@acme.example' } as const
const HOOK = { channel: 'webhook', address: webhook.origin } as const

function options(change: Partial<AlertOptions> = {}): AlertOptions {
  const registry = createRegistry([rollUp, quickPost])
  const rest = { queueAgeMs: 15 * MINUTE_MS, postAlert: quickPost, ownersOf: ownersOfReports }
  return { db, registry, receivers: [MAIL], ...rest, ...change }
}

afterAll(async () => {
  await mailer.close()
  await server.stop()
  await receiver.stop()
})

beforeEach(async () => {
  await emptyDatabase(db)

  await given.client(db)
  await db.insertInto('nodes').values({ id: 'alive' }).execute()
  server.received.length = 0
  receiver.received.length = 0
  server.behave(() => ({ kind: 'accept' }))
  receiver.answer(() => ({ status: 204 }))
})

const ago = (minutes: number) =>
  Temporal.Now.instant()
    .subtract({ seconds: Math.round(minutes * 60) })
    .toString()

let serial = 0

async function givenRun(row: Record<string, unknown> = {}): Promise<string> {
  serial += 1
  const id = randomUUID()
  const values = {
    id,
    job: 'roll-up-day',
    key: `acme.${serial}`,
    queue: 'aggregation',
    client_id: 'acme',
    payload: '{}',
  }
  await db
    .insertInto('runs')
    .values({ ...values, origin: 'schedule', ...row })
    .execute()
  return id
}

const WINDOW = { window_from: '2026-11-20', window_to: '2026-11-21' }
const FAILED = {
  state: 'failed',
  attempt: 5,
  failures: 5,
  finished_at: ago(1),
  error_code: 'error',
  error_message: 'no space left',
}

async function openAlerts() {
  const rows = await db
    .selectFrom('alerts')
    .select(['kind', 'subject', 'title'])
    .where('resolved_at', 'is', null)
    .orderBy('kind')
    .execute()
  return rows.map(({ kind, subject, title }) => [kind, subject, title])
}

/** What a stalled run's alert is about: it is told again once the run is asked for again. */
async function stalled(id: string): Promise<string> {
  const { planned_at } = await db.selectFrom('runs').select('planned_at').where('id', '=', id).executeTakeFirstOrThrow()
  return `${id}.${Math.trunc(Temporal.Instant.from(planned_at).epochMilliseconds / 1000)}`
}

async function notices() {
  const rows = await db
    .selectFrom('alert_notices')
    .select(['channel', 'address', 'state', 'tries', 'reply'])
    .orderBy('channel')
    .orderBy('address')
    .execute()
  return rows.map(({ channel, address, state, tries, reply }) => [channel, address, state, tries, reply])
}

/** Lets an engine do whatever is planned, and ends it when every post has ended. */
async function doPosts(kind: 'postgres' | 'redis' = 'postgres', more: AnyJob[] = []): Promise<void> {
  const { engine, close } = await openTestEngine(kind, database, [quickPost, ...more])
  await engine.startWorkers()
  try {
    await vi.waitFor(async () => {
      await engine.tick()
      const open = await db
        .selectFrom('runs')
        .select('id')
        .where('job', '=', 'post-alert')
        .where('state', 'in', ['planned', 'queued', 'running'])
        .execute()
      expect(open).toEqual([])
    }, PATIENCE)
  } finally {
    await close()
  }
}

describe('each kind is noticed once, though the sweep runs ten times and two sweep at once', () => {
  test('with what happened, to what, and what to do', async () => {
    const failed = await givenRun({ ...FAILED, ...WINDOW })
    const late = await givenRun({ state: 'queued', queued_at: ago(5), late_at: ago(3), due_at: ago(120), ...WINDOW })
    // Done in time, and done again since: nobody has to know.
    const redone = await givenRun({ key: 'acme.2026-11-19', late_at: ago(3), due_at: ago(120), not_before: ago(-60) })
    await db
      .insertInto('run_attempts')
      .values({
        run_id: redone,
        attempt: 1,
        node: 'alive',
        outcome: 'succeeded',
        started_at: ago(119),
        finished_at: ago(118),
      })
      .execute()
    const silent = await givenRun({ state: 'running', node: 'gone', attempt: 1, started_at: ago(2), ...WINDOW })
    const overdue = await givenRun({ state: 'running', node: 'alive', attempt: 1, started_at: ago(7) })
    const rescued = await givenRun({ state: 'running', node: 'alive', attempt: 3, crashes: 2, started_at: ago(0) })
    const waiting = await givenRun({ queue: 'reports', planned_at: ago(20), not_before: ago(16) })
    for (let sweep = 0; sweep < 10; sweep += 1) {
      await Promise.all([raiseAlerts(options(), true), raiseAlerts(options(), true)])
    }
    const { not_before: began } = await db
      .selectFrom('runs')
      .select('not_before')
      .where('id', '=', waiting)
      .executeTakeFirstOrThrow()
    expect(new Set(await openAlerts())).toEqual(
      new Set([
        ['run-failed', `${failed}.5`, 'roll-up-day failed for acme, 2026-11-20'],
        ['window-late', late, 'roll-up-day is late for acme, 2026-11-20'],
        ['run-stalled', await stalled(silent), 'roll-up-day is stuck for acme, 2026-11-20'],
        ['run-stalled', await stalled(overdue), 'roll-up-day is stuck for acme'],
        ['run-stalled', await stalled(rescued), 'roll-up-day is stuck for acme'],
        ['queue-old', `reports.${began}`, 'The queue reports does not keep up'],
      ]),
    )
    expect(await db.selectFrom('alert_notices').select('alert_id').execute()).toHaveLength(6)
  })

  test('a retry that fails again is told again, and the first alert is closed', async () => {
    const run = await givenRun(FAILED)
    await raiseAlerts(options(), true)
    await db.updateTable('runs').set({ state: 'queued' }).where('id', '=', run).execute()
    expect(await raiseAlerts(options(), true)).toBe(0)
    await db.updateTable('runs').set({ state: 'failed', attempt: 6 }).where('id', '=', run).execute()
    expect(await raiseAlerts(options(), true)).toBe(1)
    await raiseAlerts(options(), true)
    expect((await openAlerts()).map(([, subject]) => subject)).toEqual([`${run}.6`])
  })

  test('a window that is late and then fails, is late and failed', async () => {
    const run = await givenRun({ state: 'running', node: 'alive', started_at: ago(1), late_at: ago(1) })
    await raiseAlerts(options(), true)
    await db.updateTable('runs').set(FAILED).where('id', '=', run).execute()
    await raiseAlerts(options(), true)
    expect((await openAlerts()).map(([kind]) => kind)).toEqual(['run-failed', 'window-late'])
  })

  test('old failures are not dug up', async () => {
    await givenRun({ ...FAILED, finished_at: ago(8 * 24 * 60) })
    expect(await raiseAlerts(options(), true)).toBe(0)
  })

  test('while signs of life cannot be trusted nobody is called silent, and no queue old', async () => {
    await givenRun({ state: 'running', node: 'gone', attempt: 1, started_at: ago(7) })
    await givenRun({ queue: 'reports', planned_at: ago(20), not_before: ago(16) })
    expect(await raiseAlerts(options(), false)).toBe(0)
  })
})

test('a night that late facts began before its schedule did is late by the deadline of its schedule', async () => {
  const request = { job: rollUp, payload: { clientId: 'acme', name: 'night' } }
  const facts = { origin: 'late-facts', requestedBy: 'scheduler', priority: 2 } as const
  await planRuns(db, [{ request, options: facts }])
  await givenSchedule('roll-up-day.acme')
  const dueAt = Temporal.Now.instant().subtract({ hours: 3 })
  const schedule = {
    origin: 'schedule',
    requestedBy: null,
    priority: 2,
    scheduleId: 'roll-up-day.acme',
    dueAt,
  } as const
  await planRuns(db, [{ request, options: { ...schedule, lateAt: dueAt.add({ hours: 2 }) } }])
  await raiseAlerts(options(), true)
  expect((await openAlerts()).map(([kind]) => kind)).toEqual(['window-late'])
})

async function givenSchedule(id: string): Promise<void> {
  const values = { id, job: 'roll-up-day', client_id: 'acme', cron: '10 0 * * *', zone: 'client' }
  await db
    .insertInto('schedules')
    .values({ ...values, catch_up: 'all', overlap: 'allow' })
    .execute()
}

describe('a queue is old when a run could have been at work and was not', () => {
  const OLD = { planned_at: ago(60), not_before: ago(60) }

  test('not while it waits for others, for its time, or as a backfill while a node works', async () => {
    const failed = await givenRun({ ...FAILED, finished_at: ago(40) })
    const blocked = await givenRun(OLD)
    const { job, key } = await db
      .selectFrom('runs')
      .select(['job', 'key'])
      .where('id', '=', failed)
      .executeTakeFirstOrThrow()
    await db.insertInto('run_dependencies').values({ run_id: blocked, job, key }).execute()
    await givenRun({ ...OLD, not_before: '2999-01-01T00:00:00Z' })
    await givenRun({ ...OLD, priority: 3 })
    await raiseAlerts(options(), true)
    expect((await openAlerts()).map(([kind]) => kind)).toEqual(['run-failed'])
    // What it waited for was done only now: it has just begun to wait.
    await db
      .updateTable('runs')
      .set({ state: 'succeeded', finished_at: ago(1) })
      .where('id', '=', failed)
      .execute()
    await raiseAlerts(options(), true)
    expect(await openAlerts()).toEqual([])
    await db.deleteFrom('nodes').execute()
    await raiseAlerts(options(), true)
    expect((await openAlerts()).map(([kind]) => kind)).toEqual(['queue-old'])
  })

  test('one alert an episode: the next oldest is no news, and the next episode is', async () => {
    const first = await givenRun(OLD)
    const second = await givenRun({ planned_at: ago(30), not_before: ago(30) })
    await raiseAlerts(options(), true)
    await db.updateTable('runs').set({ state: 'succeeded' }).where('id', '=', first).execute()
    expect(await raiseAlerts(options(), true)).toBe(0)
    await db.updateTable('runs').set({ state: 'succeeded' }).where('id', '=', second).execute()
    await raiseAlerts(options(), true)
    expect(await openAlerts()).toEqual([])
    await givenRun({ planned_at: ago(20), not_before: ago(20) })
    expect(await raiseAlerts(options(), true)).toBe(1)
  })
})

test('an alert is closed when its cause is gone', async () => {
  const failed = await givenRun(FAILED)
  const late = await givenRun({ late_at: ago(1) })
  const stuck = await givenRun({ state: 'running', node: 'gone', attempt: 1, started_at: ago(2) })
  const deleted = await givenRun(FAILED)
  await raiseAlerts(options(), true)
  expect(await openAlerts()).toHaveLength(4)
  await db.updateTable('runs').set({ state: 'succeeded' }).where('id', 'in', [failed, late]).execute()
  await db.updateTable('runs').set({ state: 'cancelled' }).where('id', '=', stuck).execute()
  await db.deleteFrom('runs').where('id', '=', deleted).execute()
  await raiseAlerts(options(), true)
  expect(await openAlerts()).toEqual([])
})

test('a storm of a thousand failures is one mail, and what follows waits ten minutes for the next', async () => {
  await sql`
    insert into runs (job, key, queue, client_id, payload, origin, state, attempt, finished_at, error_code)
    select 'roll-up-day', 'acme.storm.' || n, 'aggregation', 'acme', '{}', 'schedule', 'failed', 1, now(), 'error'
    from generate_series(1, 1000) n`.execute(db)
  expect(await raiseAlerts(options(), true)).toBe(1000)
  await givenRun(FAILED)
  for (let n = 0; n < 12; n += 1) {
    await givenRun(FAILED)
    await raiseAlerts(options(), true)
  }
  await doPosts()
  const subjects = server.received.map(({ raw }) => String(/^subject: (.*)$/im.exec(raw)?.[1])).sort()
  expect(subjects).toEqual([
    '[Daybreak] 1000 alerts: 1000 run-failed',
    ...Array.from({ length: 9 }, () => '[Daybreak] roll-up-day failed for acme'),
  ])
  const held = db.selectFrom('alert_notices').select('alert_id').where('post_id', 'is', null)
  expect(await held.execute()).toHaveLength(4)
  await sql`update alert_notices set posted_at = posted_at - interval '11 minutes'`.execute(db)
  await raiseAlerts(options(), true)
  await doPosts()
  expect(await db.selectFrom('alert_notices').select('alert_id').where('state', '!=', 'sent').execute()).toEqual([])
})

test.for([
  { name: 'few go one by one', ids: 5, recent: { posts: 5, grouped: true }, posts: [1, 1, 1, 1, 1] },
  { name: 'many go together', ids: 6, recent: { posts: 0, grouped: false }, posts: [6] },
  {
    name: 'the eleventh of ten minutes goes with those that follow',
    ids: 1,
    recent: { posts: 10, grouped: false },
    posts: [1],
  },
  { name: 'and those wait', ids: 2, recent: { posts: 10, grouped: true }, posts: [] },
])('$name', ({ ids, recent, posts }) => {
  const sizes = postsOf(
    Array.from({ length: ids }, (_, id) => String(id)),
    recent,
  ).map((post) => post.length)
  expect(sizes).toEqual(posts)
})

describe.each(['postgres', 'redis'] as const)('from a failure to a mail and a call, on %s', (kind) => {
  test('each receiver hears once, though two engines sweep', async () => {
    const broken = testJob(
      'broken',
      async () => Promise.reject(new Error('mail of jane@acme.example: no space left')),
      {
        retry: { attempts: 1, delayMs: 1, maxDelayMs: 1 },
      },
    )
    const { engine, close } = await openTestEngine(kind, database, [quickPost, broken])
    const watched = options({ receivers: [MAIL, HOOK], registry: createRegistry([quickPost, broken]) })
    await engine.startWorkers()
    const request = { job: broken, payload: { clientId: 'acme', name: 'x' } }
    const { runId } = await engine.ledger.request(request, { origin: 'person', requestedBy: 'me', again: 'no' })
    await vi.waitFor(async () => {
      await engine.tick()
      await Promise.all([raiseAlerts(watched, true), raiseAlerts(watched, true)])
      expect((await notices()).map(([, , state]) => state)).toEqual(['sent', 'sent'])
    }, PATIENCE)
    await close()
    expect(server.received.map(({ to }) => to)).toEqual([[MAIL.address]])
    const [mail] = server.received
    for (const words of ['broken failed for acme', `https://board.example/runs/${runId}`, 'press Retry', '[address]']) {
      expect(mail?.raw.replaceAll('=\r\n', '')).toContain(words)
    }
    expect(mail?.raw).not.toContain('jane')
    expect(receiver.received).toHaveLength(1)
    const { id } = await db.selectFrom('alerts').select('id').executeTakeFirstOrThrow()
    const call = JSON.parse(receiver.received[0]?.body ?? '') as { type: string; data: Record<string, unknown> }
    expect([call.type, call.data['id'], call.data['kind'], call.data['runId']]).toEqual([
      'alert.raised',
      id,
      'run-failed',
      runId,
    ])
  })
})

describe('a mail', () => {
  async function oneAlert() {
    await givenRun(FAILED)
    await raiseAlerts(options(), true)
  }

  test('that is put off (421) is tried again with the same Message-ID, and arrives once', async () => {
    let tries = 0
    server.behave(() => {
      tries += 1
      return tries < 3 ? { kind: 'refuse', code: 421, text: 'later' } : { kind: 'accept' }
    })
    await oneAlert()
    await doPosts()
    expect(tries).toBe(3)
    expect(Object.values(server.countsByMessageId())).toEqual([1])
    expect(await notices()).toEqual([['mail', MAIL.address, 'sent', 3, '250 OK: queued']])
  })

  test('that is refused (550) fails at once, on the board only', async () => {
    server.behave(() => ({ kind: 'refuse', code: 550, text: 'no such user' }))
    await oneAlert()
    await doPosts()
    expect((await notices()).map(([, , state, tries]) => [state, tries])).toEqual([['failed', 1]])
    await raiseAlerts(options(), true)
    const alerts = await openAlerts()
    expect(alerts.map(([, , title]) => String(title)).sort()).toEqual([
      'post-alert failed for the whole system',
      'roll-up-day failed for acme',
    ])
    // No notice was made of it: nobody is told that nobody can be told.
    expect(await notices()).toHaveLength(1)
  })

  test('that a person retries after its last try is tried as often as at first', async () => {
    let tries = 0
    server.behave(() => {
      tries += 1
      return tries <= 10 ? { kind: 'refuse', code: 421, text: 'later' } : { kind: 'accept' }
    })
    await oneAlert()
    await doPosts()
    expect((await notices()).map(([, , state, times]) => [state, times])).toEqual([['failed', 8]])
    // The date of a mail has no fractions of a second.
    await sleep(1100)
    const { engine, close } = await openTestEngine('postgres', database, [quickPost])
    const post = await db.selectFrom('runs').select('id').where('job', '=', 'post-alert').executeTakeFirstOrThrow()
    await engine.ledger.retry(post.id, 'tester')
    await close()
    await doPosts()
    expect((await notices()).map(([, , state, times]) => [state, times])).toEqual([['sent', 3]])
  })

  test('whose answer never came is unknown, and never sent again by itself', async () => {
    server.behave(() => ({ kind: 'drop' }))
    await oneAlert()
    await doPosts()
    expect((await notices()).map(([, , state, tries]) => [state, tries])).toEqual([['unknown', 1]])
    expect(Object.values(server.countsByMessageId())).toEqual([1])
  })
})

describe('a call', () => {
  async function oneAlert() {
    await givenRun(FAILED)
    await raiseAlerts(options({ receivers: [HOOK] }), true)
  }

  test('answered 500, then 200, is one alert with one webhook-id', async () => {
    receiver.answer((count) => ({ status: count === 0 ? 500 : 200 }))
    await oneAlert()
    await doPosts()
    const { id } = await db.selectFrom('alerts').select('id').executeTakeFirstOrThrow()
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([id, id])
    expect(await notices()).toEqual([['webhook', webhook.origin, 'sent', 2, 'HTTP 200']])
  })

  test('is signed so that its receiver can tell it is ours', async () => {
    const from = Math.floor(Date.now() / 1000)
    await oneAlert()
    await doPosts()
    const to = Date.now() / 1000
    const [call] = receiver.received
    const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = call?.headers ?? {}
    const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64')
    expect(signature).toBe(`v1,${createHmac('sha256', key).update(`${id}.${at}.${call?.body}`).digest('base64')}`)
    expect(Number(at)).toBeGreaterThanOrEqual(from)
    expect(Number(at)).toBeLessThanOrEqual(to)
    expect(call?.headers['content-type']).toBe('application/json')
  })

  test.each([
    [404, 1],
    [302, 1],
  ])('answered %s fails at once', async (status, tries) => {
    receiver.answer(() => ({ status, headers: { location: receiver.url } }))
    await oneAlert()
    await doPosts()
    expect(receiver.received).toHaveLength(tries)
    expect((await notices()).map(([, , state]) => state)).toEqual(['failed'])
  })

  test('asked for patience (429) waits as long as it was told, and no longer than eight tries', async () => {
    receiver.answer((count) => (count === 0 ? { status: 429, headers: { 'retry-after': '1' } } : { status: 503 }))
    await oneAlert()
    const began = performance.now()
    await doPosts()
    expect(performance.now() - began).toBeGreaterThan(900)
    expect(receiver.received.length).toBeGreaterThanOrEqual(8)
    expect(receiver.received.length).toBeLessThanOrEqual(9)
    expect((await notices()).map(([, , state]) => state)).toEqual(['failed'])
  })

  test('the address is kept without what may be secret in it', async () => {
    await oneAlert()
    expect(JSON.stringify(await notices())).not.toContain('secret-part')
  })
})

test('the owner of a report hears when it fails, of his own only, and once', async () => {
  await db
    .insertInto('report_subscriptions')
    .values(
      ['monthly', 'weekly'].map((id) => ({
        client_id: 'acme',
        id,
        report: 'monthly-revenue',
        period: 'last-month',
        cron: '0 7 1 * *',
        formats: ['pdf'],
        owner_address: `Owner.${id}@acme.example`,
      })),
    )
    .execute()
  await givenRun({ ...FAILED, job: 'render-report', payload: JSON.stringify({ subscriptionId: 'monthly' }) })
  await givenRun({ ...FAILED, job: 'render-report', payload: JSON.stringify({ subscriptionId: null }) })
  await raiseAlerts(options({ receivers: [] }), true)
  await raiseAlerts(options({ receivers: [] }), true)
  await doPosts()
  expect(server.received.map(({ to }) => to)).toEqual([['owner.monthly@acme.example']])
})

test('the job that posts is among the jobs there are', () => {
  expect(jobs.map(({ name }) => name)).toContain(postAlert.name)
})
