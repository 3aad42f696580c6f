import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { openOutbox } from '../../../src/mail/outbox.ts'
import type { RunState } from '../../../src/run-state.ts'
import { given } from '../../support/given.ts'
import { givenExecution, openTestBoard, type Person, signIn } from '../../support/test-board.ts'
import { testJob } from '../../support/test-engine.ts'

/** 2026-03-02, 05:30 in Zurich: half an hour before a night counts as late. */
let now = Temporal.Instant.from('2026-03-02T04:30:00Z')
const schedule = {
  cron: '10 0 * * *',
  zone: 'client' as const,
  scope: 'client' as const,
  catchUp: 'all' as const,
  catchUpWithinMs: null,
  lateAfterMs: null,
  overlap: 'queue' as const,
  payload: (_dueAt: Temporal.Instant, client: { id: string }) => ({ clientId: client.id, name: 'nightly' }),
}
const rollUp = testJob('roll-up-day', async () => {}, { night: () => '2026-03-01', schedule })
const render = testJob('render-report', async () => {}, { night: () => '2026-03-01' })
const board = await openTestBoard({ jobs: [rollUp, render], change: { clock: () => now, sessionTtlHours: 1000 } })
const db = board.database.system
const HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(2)>'

const admin = await signIn(board, 'admin')
const viewer = await signIn(board, 'viewer')

beforeEach(async () => {
  now = Temporal.Instant.from('2026-03-02T04:30:00Z')
  await db.deleteFrom('runs').execute()
  await db.deleteFrom('clients').where('id', '!=', 'nobody').execute()
  await given.client(db, { id: 'acme', name: 'Acme', time_zone: 'Europe/Zurich', created_at: '2026-01-01T00:00:00Z' })
})

type Row = { id?: string; client_id?: string; job?: string; key?: string; state?: RunState; night?: string }

async function givenRun(row: Row & Record<string, unknown> = {}): Promise<string> {
  const id = randomUUID()
  const values = {
    id,
    job: 'roll-up-day',
    key: id,
    queue: 'aggregation',
    client_id: 'acme',
    night: '2026-03-01',
    payload: '{}',
    origin: 'schedule',
  } as const
  await db
    .insertInto('runs')
    .values({ ...values, ...row })
    .execute()
  return row.id ?? id
}

async function givenSchedule(row: Record<string, unknown> = {}): Promise<void> {
  const values = { id: 's', job: 'roll-up-day', client_id: 'acme', cron: '10 0 * * *', zone: 'client' }
  await db
    .insertInto('schedules')
    .values({ ...values, catch_up: 'all', overlap: 'queue', ...row })
    .execute()
}

async function textOf(person: Person, path: string): Promise<string> {
  const response = await person.get(path)
  expect([path, response.status]).toEqual([path, 200])
  return (await response.text()).replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')
}

describe('the night', () => {
  test('says at the top how many clients are done, failed and late', async () => {
    await given.client(db, {
      id: 'basel',
      name: 'Basel',
      time_zone: 'Europe/Zurich',
      created_at: '2026-01-01T00:00:00Z',
    })
    await given.client(db, { id: 'chur', name: 'Chur', time_zone: 'Europe/Zurich', created_at: '2026-01-01T00:00:00Z' })
    await givenRun({ state: 'succeeded' })
    await givenRun({ client_id: 'basel', state: 'failed', error_message: 'The disk is full.' })
    await givenRun({ client_id: 'chur', state: 'running' })
    const page = await textOf(viewer, '/')
    expect(page).toContain('What ran for Sunday, 1 March 2026')
    expect(page).toContain('1 of 3 clients done 1 failed 0 late 1 at work 0 mails sent')
    expect(page).toContain('The disk is full.')
    // What needs a person comes first.
    expect(page.indexOf('Basel')).toBeLessThan(page.indexOf('Acme'))
  })

  test('is late when at six something is still open, or was never planned', async () => {
    await givenRun({ state: 'queued' })
    expect(await textOf(viewer, '/')).toContain('0 late')
    now = Temporal.Instant.from('2026-03-02T05:00:00Z')
    expect(await textOf(viewer, '/')).toContain('1 late')
    await db.deleteFrom('runs').execute()
    expect(await textOf(viewer, '/')).toContain('0 late')
    await givenSchedule()
    expect(await textOf(viewer, '/')).toContain('1 late')
  })

  test('is each client’s own last night, wherever the sun stands', async () => {
    await given.client(db, {
      id: 'maui',
      name: 'Maui',
      time_zone: 'Pacific/Honolulu',
      created_at: '2026-01-01T00:00:00Z',
    })
    await givenRun({ state: 'succeeded' })
    await givenRun({ client_id: 'maui', night: '2026-02-28', state: 'succeeded' })
    const page = await textOf(viewer, '/')
    expect(page).toContain('What ran for Sat 28 Feb and Sun 1 Mar')
    expect(page).toContain('2 of 2 clients done')
    expect(await textOf(viewer, '/?day=2026-02-28')).toContain('1 of 2 clients done')
  })

  test('says of a waiting run what it waits for, and of a failed try when the next one is', async () => {
    const parent = await givenRun({ state: 'failed', key: 'acme.2026-03-01' })
    const child = await givenRun({ job: 'render-report', key: 'acme.monthly-revenue' })
    await db
      .insertInto('run_dependencies')
      .values({ run_id: child, job: 'roll-up-day', key: 'acme.2026-03-01' })
      .execute()
    await givenRun({
      failures: 1,
      attempt: 1,
      error_message: 'The mail server is away.',
      not_before: '2026-03-02T04:45:00Z',
    })
    const page = await textOf(viewer, '/')
    expect(page).toContain('Blocked')
    expect(page).toContain('Waits for Roll up day, which failed .')
    expect(page).toContain('The mail server is away. Tries again at Mon 2 Mar 05:45:00.')
    expect(parent).not.toBe(child)
  })

  test('asks itself again while something runs, without a script too', async () => {
    await givenRun({ state: 'running', progress: 0.4 })
    const busy = await (await viewer.get('/')).text()
    expect(busy).toContain('data-refresh-seconds="3"')
    expect(busy).toContain('<noscript><meta http-equiv="refresh"')
    expect(busy).toContain('<progress max="100" value="40"')
  })

  test('folds a hundred mails that went out, and shows the one that did not', async () => {
    for (let at = 0; at < 30; at += 1)
      await givenRun({ job: 'render-report', key: `acme.${at}`, state: at === 20 ? 'failed' : 'succeeded' })
    const page = await (await viewer.get('/')).text()
    expect(page.match(/scope="row"/g)?.length).toBe(7)
    expect(page).toContain('Render report: 23 more that need nobody')
  })

  test('can be run by hand, as its schedules would have', async () => {
    await givenSchedule()
    const answer = await admin.submit('/nights/run', { client: 'acme', day: '2026-03-01' })
    expect(answer.headers.get('Location')).toBe('/?notice=night-planned')
    const runs = await db.selectFrom('runs').select(['job', 'key', 'state', 'due_at']).execute()
    expect(runs).toEqual([
      { job: 'roll-up-day', key: 'acme.nightly', state: 'planned', due_at: '2026-03-01T23:10:00Z' },
    ])
    expect(await textOf(admin, '/?notice=night-planned')).toContain('The night is planned')
  })

  test('with no clients yet says what to do', async () => {
    await db.deleteFrom('clients').execute()
    expect(await textOf(viewer, '/')).toContain('No clients yet')
  })
})

/** A client whose every text is hostile, with a run that failed; returns the run. */
async function givenHostileRun(): Promise<string> {
  await given.client(db, { id: 'evil', name: HOSTILE, created_at: '2026-01-01T00:00:00Z' })
  const error = { error_message: HOSTILE, error_code: HOSTILE }
  const texts = { key: `evil.${HOSTILE}`, requested_by: HOSTILE, payload: JSON.stringify({ HOSTILE }), ...error }
  const run = await givenRun({ client_id: 'evil', state: 'failed', ...texts })
  const attempt = { run_id: run, attempt: 1 }
  await db
    .insertInto('run_attempts')
    .values({
      ...attempt,
      ...error,
      node: HOSTILE,
      error_stack: HOSTILE,
      outcome: 'lost',
      finished_at: '2026-03-02T00:00:00Z',
    })
    .execute()
  await db
    .insertInto('run_logs')
    .values({ ...attempt, line: 1, level: 'warn', message: HOSTILE })
    .execute()
  const schedule = { id: HOSTILE, paused_until: '2027-01-01T00:00:00Z', paused_reason: HOSTILE }
  await givenSchedule({ client_id: 'evil', ...schedule })
  return run
}

/** A report of that client that failed and could not be mailed; returns its id. */
async function givenHostileReport(): Promise<string> {
  const id = await givenExecution(board, { clientId: 'evil', report: 'monthly-revenue' })
  const figures = JSON.stringify([{ label: HOSTILE, value: HOSTILE, type: 'text' }])
  await db.updateTable('executions').set({ error_message: HOSTILE, figures }).where('id', '=', id).execute()
  await db
    .insertInto('deliveries')
    .values({
      client_id: 'evil',
      execution_id: id,
      address: HOSTILE,
      formats: ['pdf'],
      state: 'failed',
      reply: HOSTILE,
    })
    .execute()
  return id
}

async function givenHostileAudit(): Promise<void> {
  const texts = { actor_name: HOSTILE, action: HOSTILE, target: HOSTILE, before: JSON.stringify({ HOSTILE }) }
  await db
    .insertInto('analytics_audit_log')
    .values({ actor_kind: 'user', actor_id: '1', ...texts })
    .execute()
}

describe('what others wrote is text', () => {
  test('on every page that shows it', async () => {
    const run = await givenHostileRun()
    const report = await givenHostileReport()
    await givenHostileAudit()
    const pages = [
      '/?day=2026-03-01',
      `/runs/${run}`,
      '/runs',
      '/reports',
      `/reports/${report}`,
      '/schedules',
      '/audit',
      '/jobs',
    ]
    for (const path of pages) {
      const page = await (await admin.get(path)).text()
      expect([path, page.includes('<script>alert'), page.includes('<img src=x')]).toEqual([path, false, false])
      expect([path, page.includes('&lt;script&gt;')]).toEqual([path, true])
    }
  })

  test('also in what an address brings', async () => {
    for (const path of [
      `/runs?job=${encodeURIComponent(HOSTILE)}`,
      `/nothing/${encodeURIComponent(HOSTILE)}`,
      `/sign-in?next=/${encodeURIComponent(HOSTILE)}`,
    ]) {
      expect(await (await admin.get(path)).text()).not.toContain('<script>alert')
    }
  })
})

describe('every page', () => {
  test('has one heading, a main part, a language, a title and a way past the menu', async () => {
    const run = await givenRun({ state: 'failed', error_message: 'No.' })
    const execution = await givenExecution(board, { clientId: 'acme' })
    const paths = [
      '/',
      '/runs',
      `/runs/${run}`,
      '/reports',
      `/reports/${execution}`,
      '/jobs',
      '/schedules',
      '/outbox',
      '/audit',
      '/docs',
      '/docs/problems',
    ]
    for (const path of paths) {
      const page = await (await admin.get(path)).text()
      const count = (pattern: RegExp) => page.match(pattern)?.length ?? 0
      expect([
        path,
        count(/<h1>/g),
        count(/<main id="main"/g),
        count(/<html lang="en">/g),
        count(/class="skip" href="#main"/g),
      ]).toEqual([path, 1, 1, 1, 1])
      expect([path, count(/ style="/g), count(/<script(?! type="module" src="\/assets)/g), count(/ on\w+="/g)]).toEqual(
        [path, 0, 0, 0],
      )
      const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
      expect([path, ids.length - new Set(ids).size]).toEqual([path, 0])
    }
  })

  test('shows a viewer no button that a viewer may not press', async () => {
    const run = await givenRun({ state: 'failed' })
    for (const path of ['/', '/runs', `/runs/${run}`, '/jobs']) {
      const forms = [...(await (await viewer.get(path)).text()).matchAll(/<form[^>]* method="post" action="([^"]+)"/g)]
      expect([path, forms.map(([, action]) => action)]).toEqual([path, ['/sign-out']])
    }
  })

  test('shows each role the places it may go, and finance begins at the reports', async () => {
    const finance = await signIn(board, 'finance')
    const places = async (person: Person, path: string) =>
      [...(await (await person.get(path)).text()).matchAll(/<li><a href="([^"]+)"/g)].map(([, href]) => href)
    expect(await places(admin, '/')).toEqual([
      '/',
      '/freshness',
      '/alerts',
      '/reports',
      '/runs',
      '/jobs',
      '/schedules',
      '/backfills',
      '/imports',
      '/outbox',
      '/queues/',
      '/audit',
      '/docs',
    ])
    expect(await places(viewer, '/')).toEqual([
      '/',
      '/freshness',
      '/alerts',
      '/reports',
      '/runs',
      '/jobs',
      '/schedules',
      '/backfills',
      '/queues/',
      '/docs',
    ])
    expect(await places(finance, '/reports')).toEqual(['/reports', '/docs'])
    expect((await finance.get('/sign-in')).headers.get('Location')).toBe('/reports')
  })
})

test('a job is run from its form, which names the field that is wrong', async () => {
  const wrong = await admin.submit('/jobs/roll-up-day/run', { clientId: 'acme' })
  expect([wrong.status, (await wrong.text()).includes('/name: Invalid input')]).toEqual([422, true])
  const answer = await admin.submit('/jobs/roll-up-day/run', { clientId: 'acme', name: 'by hand' })
  const [run] = await db.selectFrom('runs').select(['id', 'payload', 'origin']).execute()
  expect(run).toMatchObject({ payload: { clientId: 'acme', name: 'by hand' }, origin: 'person' })
  expect(answer.headers.get('Location')).toBe(`/runs/${run?.id}?notice=requested`)
})

test('the next five times of a schedule are in its own zone, over a change of clocks too', async () => {
  now = Temporal.Instant.from('2026-03-27T12:00:00Z')
  await givenSchedule({ cron: '30 2 * * *' })
  const page = await textOf(viewer, '/schedules')
  // On the 29th 02:30 does not exist: clocks go from 02:00 to 03:00.
  expect(page).toMatch(
    /Sat 28 Mar 02:30:00 01:30:00 UTC .*then Sun 29 Mar 03:00:00 01:00:00 UTC Mon 30 Mar 02:30:00 00:30:00 UTC Tue 31 Mar 02:30:00 .*Wed 1 Apr 02:30:00/,
  )
})

test('a mail in the outbox is shown as it is, in a frame that runs nothing', async () => {
  const mailer = openOutbox(board.outboxFolder, { from: 'Daybreak <daybreak@localhost>' })
  await mailer.send(
    {
      to: 'ann@example.com',
      subject: `Revenue ${HOSTILE}`,
      text: 'Net 1.00',
      html: '<p>Net 1.00</p><script>alert(1)</script>',
      attachments: [],
      messageId: '<mail-1@daybreak>',
      date: new Date('2026-03-02T05:00:00Z'),
      unsubscribeUrl: null,
    },
    new AbortController().signal,
  )
  const list = await (await admin.get('/outbox')).text()
  const address = /href="(\/outbox\/[^"]+)"/.exec(list)?.[1] ?? ''
  expect(list).toContain('Revenue &lt;script&gt;')
  expect(await (await admin.get(address)).text()).toContain(`src="${address}/body"`)
  const body = await admin.get(`${address}/body`)
  expect(await body.text()).toContain('<p>Net 1.00</p><script>alert(1)</script>')
  expect(body.headers.get('Content-Security-Policy')).toMatch(/^sandbox allow-popups; default-src 'none'/)
  expect((await admin.get('/outbox/..%2f..%2fetc%2fpasswd')).status).toBe(404)
})
