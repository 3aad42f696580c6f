import { sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Problem } from '../../../src/board/http/problem.ts'
import { createLog } from '../../../src/log.ts'
import type { JobSchedule } from '../../../src/queues/job.ts'
import { planDueSchedules } from '../../../src/queues/schedules/plan-due-schedules.ts'
import { syncSchedules } from '../../../src/queues/schedules/sync-schedules.ts'
import { callApi } from '../../support/api.ts'
import { emptyDatabase, PEOPLE } from '../../support/empty-database.ts'
import { given } from '../../support/given.ts'
import { keyHeaders, openTestBoard, signIn } from '../../support/test-board.ts'
import { type TestPayload, testJob } from '../../support/test-engine.ts'

/** 2026-03-28, 12:00 in Zurich, the day before its clocks go forward. */
const now = Temporal.Instant.from('2026-03-28T11:00:00Z')
const schedule: JobSchedule<TestPayload> = {
  cron: '30 2 * * *',
  zone: 'client',
  scope: 'client',
  catchUp: 'all',
  catchUpWithinMs: null,
  lateAfterMs: 3_600_000,
  overlap: 'allow',
  payload: (dueAt, client) => ({ clientId: client.id, name: dueAt.toString() }),
}
const nightly = testJob('nightly', async () => {}, { schedule })
const sweep = testJob('sweep', async () => {}, {
  client: () => null,
  schedule: { ...schedule, cron: '*/30 * * * * *', zone: 'UTC', scope: 'system', overlap: 'skip' },
})
const board = await openTestBoard({
  jobs: [nightly, sweep],
  change: { clock: () => now, sessionTtlHours: 24 * 365 * 10 },
})
const db = board.database.system
const { registry, log } = { registry: board.parts.registry, log: createLog('silent') }
await given.client(db, { id: 'acme', name: 'Acme', time_zone: 'Europe/Zurich' })
await given.client(db, { id: 'other', name: 'Other', time_zone: 'UTC' })

const operator = await keyHeaders(board, 'operator')
const viewer = await keyHeaders(board, 'viewer')
const bound = await keyHeaders(board, 'operator', 'acme')

beforeEach(async () => {
  await emptyDatabase(db, [...PEOPLE, 'clients'])

  await syncSchedules(db, registry, log, now)
})

type Schedule = { id: string; nextFires: { at: string; local: string }[]; problem: string | null } & Record<
  string,
  unknown
>
type List = { schedules: Schedule[]; nextCursor: string | null }

const get = <Body>(path: string, headers = viewer) => callApi<Body>(board.url, { path, headers })
const patch = <Body = Schedule & Problem>(id: string, body: unknown, headers = operator) =>
  callApi<Body>(board.url, { method: 'PATCH', path: `/api/schedules/${id}`, body, headers })

function rowOf(id: string) {
  return db.selectFrom('schedules').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
}

async function audit() {
  const changes = db.selectFrom('analytics_audit_log').selectAll().where('action', '=', 'change-schedule')
  const rows = await changes.orderBy('id').execute()
  return rows.map(({ action, target, client_id, before, after }) => ({ action, target, client_id, before, after }))
}

const declared = {
  cron: '30 2 * * *',
  zone: 'client',
  catchUp: 'all',
  catchUpWithinS: null,
  lateAfterS: 3600,
  overlap: 'allow',
}

describe('the list', () => {
  test('says of each schedule when it fires next, by its own clock and in UTC', async () => {
    const { body } = await get<List>('/api/schedules?client=acme')
    expect(body).toEqual({
      schedules: [
        {
          id: 'nightly.acme',
          job: 'nightly',
          clientId: 'acme',
          timeZone: 'Europe/Zurich',
          ...declared,
          pausedUntil: null,
          pausedReason: null,
          isEdited: false,
          declared,
          skipped: 0,
          lastSkippedAt: null,
          nextFires: [
            // The hour is missing: it fires at its end.
            { at: '2026-03-29T01:00:00Z', local: '2026-03-29T03:00:00+02:00', timeZone: 'Europe/Zurich' },
            { at: '2026-03-30T00:30:00Z', local: '2026-03-30T02:30:00+02:00', timeZone: 'Europe/Zurich' },
            { at: '2026-03-31T00:30:00Z', local: '2026-03-31T02:30:00+02:00', timeZone: 'Europe/Zurich' },
            { at: '2026-04-01T00:30:00Z', local: '2026-04-01T02:30:00+02:00', timeZone: 'Europe/Zurich' },
            { at: '2026-04-02T00:30:00Z', local: '2026-04-02T02:30:00+02:00', timeZone: 'Europe/Zurich' },
          ],
          problem: null,
        },
      ],
      nextCursor: null,
    })
  })

  test('comes in pages, soonest first, narrowed by client and job', async () => {
    const ids: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const from: string = cursor === '' ? '' : `&cursor=${cursor}`
      const { body } = await get<List>(`/api/schedules?limit=1${from}`)
      ids.push(...body.schedules.map(({ id }) => id))
      cursor = body.nextCursor
    }
    expect(ids).toEqual(['sweep', 'nightly.acme', 'nightly.other'])
    const narrowed = await get<List>('/api/schedules?job=nightly&client=other')
    expect(narrowed.body.schedules.map(({ id }) => id)).toEqual(['nightly.other'])
    const { status, body } = await get<Problem>(
      `/api/schedules?cursor=${Buffer.from('tomorrow|x').toString('base64url')}`,
    )
    expect([status, body.code]).toEqual([400, 'invalid-cursor'])
  })

  test('shows who is bound to a client that client’s schedules only', async () => {
    const { body } = await get<List>('/api/schedules', bound)
    expect(body.schedules.map(({ id }) => id)).toEqual(['nightly.acme'])
    expect((await get<Problem>('/api/schedules?client=other', bound)).body.code).toBe('other-client')
  })

  test('a broken schedule says what is wrong with it and hides no other', async () => {
    await db.updateTable('schedules').set({ cron: 'at dawn' }).where('id', '=', 'nightly.acme').execute()
    const { body } = await get<List>('/api/schedules')
    const broken = body.schedules.filter(({ problem }) => problem !== null)
    expect(broken.map(({ id, nextFires }) => [id, nextFires])).toEqual([['nightly.acme', []]])
    expect(broken[0]?.problem).toContain('"at dawn" is no cron expression')
    expect(body.schedules).toHaveLength(3)
    const page = await (await (await signIn(board, 'viewer')).get('/schedules/nightly.acme')).text()
    expect(page).toContain('Nothing is planned until it is fixed.')
  })

  test('the jobs say when any of their schedules fires', async () => {
    type Jobs = { jobs: { name: string; schedule: { nextFires: { at: string; timeZone: string }[] } }[] }
    const { body } = await get<Jobs>('/api/jobs')
    const fires = body.jobs.find(({ name }) => name === 'nightly')?.schedule.nextFires ?? []
    expect(fires.slice(0, 3).map(({ at, timeZone }) => [at, timeZone])).toEqual([
      ['2026-03-29T01:00:00Z', 'Europe/Zurich'],
      ['2026-03-29T02:30:00Z', 'UTC'],
      ['2026-03-30T00:30:00Z', 'Europe/Zurich'],
    ])
    expect(fires).toHaveLength(5)
  })
})

describe('a change', () => {
  test('takes effect at once, outlives the declaration, and is on record with what was before', async () => {
    const change = {
      cron: '0 6 L * *',
      zone: 'Asia/Tokyo',
      catchUp: 'latest',
      catchUpWithinS: 7200,
      overlap: 'queue',
      lateAfterS: null,
    }
    const { status, body } = await patch('nightly.acme', change)
    expect([status, body]).toEqual([200, expect.objectContaining({ ...change, isEdited: true, declared })])
    expect(body.nextFires[0]?.local).toBe('2026-03-31T06:00:00+09:00')
    await syncSchedules(db, registry, log)
    expect(await rowOf('nightly.acme')).toMatchObject({ cron: '0 6 L * *', overlap: 'queue', is_edited: true })
    expect(await audit()).toEqual([
      {
        action: 'change-schedule',
        target: 'schedule:nightly.acme',
        client_id: 'acme',
        before: { ...declared, isEdited: false },
        after: { ...change, isEdited: true },
      },
    ])
  })

  test('can be taken back, at once or one by one', async () => {
    await patch('nightly.acme', { cron: '0 6 * * *', overlap: 'skip' })
    expect((await patch('nightly.acme', { asDeclared: true })).body).toMatchObject({ ...declared, isEdited: false })
    await patch('nightly.acme', { cron: '0 6 * * *' })
    expect((await patch('nightly.acme', { cron: declared.cron })).body).toMatchObject({ ...declared, isEdited: false })
  })

  test('that changes nothing leaves no trace', async () => {
    expect((await patch('nightly.acme', { cron: declared.cron })).status).toBe(200)
    expect(await audit()).toEqual([])
  })

  test('of the times counts from now on and catches nothing up', async () => {
    await sql`update schedules set planned_until = now() - interval '3 days', next_due_at = now() + interval '1 day' where id = 'nightly.acme'`.execute(
      db,
    )
    await patch('nightly.acme', { cron: '* * * * *' })
    const { now: at } = await db.selectNoFrom(sql<string>`now()`.as('now')).executeTakeFirstOrThrow()
    await planDueSchedules(db, registry, log, Temporal.Instant.from(at))
    const planned = await db.selectFrom('runs').select('id').where('schedule_id', '=', 'nightly.acme').execute()
    expect(planned.length).toBeLessThanOrEqual(1)
    const row = await rowOf('nightly.acme')
    expect(
      Temporal.Instant.from(row.next_due_at ?? '')
        .since(at)
        .total('seconds'),
    ).toBeLessThanOrEqual(60)
  })

  test.each([
    [{}, '', 'must name what to change'],
    [{ cron: 'at dawn' }, '/cron', '"at dawn" is no cron expression'],
    [{ cron: '0 0 30 2 *' }, '/cron', 'never comes'],
    [{ zone: 'Mars/Olympus' }, '/zone', 'IANA time zone'],
    [{ zone: '+01:00' }, '/zone', 'IANA time zone'],
    [{ catchUp: 'some' }, '/catchUp', 'Invalid option'],
    [{ catchUpWithinS: 0 }, '/catchUpWithinS', 'Too small'],
    [{ lateAfterS: 1.5 }, '/lateAfterS', 'expected int'],
    [{ overlap: null }, '/overlap', 'Invalid option'],
    [{ pausedUntil: '2026-03-29T00:00:00Z' }, '/pausedReason', 'belongs to a pausedUntil'],
    [{ pausedReason: 'because' }, '/pausedReason', 'belongs to a pausedUntil'],
    [{ pausedUntil: 'tomorrow', pausedReason: 'because' }, '/pausedUntil', 'Invalid ISO datetime'],
    [{ pausedUntil: '2026-03-28T10:59:00Z', pausedReason: 'because' }, '/pausedUntil', 'must lie ahead'],
    [{ asDeclared: true, cron: '0 0 * * *' }, '/asDeclared', 'takes back every edit'],
    [{ owner: 'me' }, '/owner', 'There is no such field'],
  ])('%o is refused, and names the field', async (change, pointer, detail) => {
    const { status, body } = await patch<Problem>('nightly.acme', change)
    expect([status, body.code, body.errors?.[0]?.pointer]).toEqual([422, 'invalid-body', pointer])
    expect(body.errors?.[0]?.detail).toContain(detail)
    expect(await rowOf('nightly.acme')).toMatchObject({ is_edited: false, paused_until: null })
  })

  test('is not for those it is not for', async () => {
    const answers = await Promise.all([
      patch<Problem>('nightly.acme', { overlap: 'skip' }, viewer),
      patch<Problem>('nightly.other', { overlap: 'skip' }, bound),
      patch<Problem>('sweep', { overlap: 'allow' }, bound),
      patch<Problem>('nobody', { overlap: 'skip' }),
      patch<Problem>('sweep', { zone: 'client' }),
    ])
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
      [403, 'forbidden'],
      [404, 'not-found'],
      [404, 'not-found'],
      [404, 'not-found'],
      [422, 'invalid-zone'],
    ])
  })

  test('cannot be taken back where nobody declares anything', async () => {
    await db.updateTable('schedules').set({ declared: null }).execute()
    const { status, body } = await patch<Problem>('nightly.acme', { asDeclared: true })
    expect([status, body.code]).toEqual([409, 'not-declared'])
  })

  test('with an Idempotency-Key is made once', async () => {
    const headers = { ...operator, 'Idempotency-Key': 'change-1' }
    await patch('nightly.acme', { overlap: 'skip' }, headers)
    const again = await patch('nightly.acme', { overlap: 'skip' }, headers)
    expect(again.headers.get('Idempotency-Replayed')).toBe('true')
    expect(await audit()).toHaveLength(1)
  })
})

describe('a pause', () => {
  const until = '2026-04-02T00:00:00Z'

  test('says until when and why, and what fires next after it; the declaration stays in force', async () => {
    const { body } = await patch('nightly.acme', {
      pausedUntil: '2026-04-02T02:00:00+02:00',
      pausedReason: ' Their move ',
    })
    expect(body).toMatchObject({ pausedUntil: until, pausedReason: 'Their move', isEdited: false })
    expect(body.nextFires[0]?.at).toBe('2026-04-02T00:30:00Z')
    expect(await planDueSchedules(db, registry, log, Temporal.Instant.from('2026-03-31T00:00:00Z'))).toBeGreaterThan(0)
    expect(await db.selectFrom('runs').select('id').where('schedule_id', '=', 'nightly.acme').execute()).toEqual([])
  })

  test('that ends early leaves out what fell due meanwhile', async () => {
    await sql`update schedules set planned_until = now() - interval '3 days', paused_until = now() + interval '9 days', paused_reason = 'x'`.execute(
      db,
    )
    const { now: asked } = await db.selectNoFrom(sql<string>`now()`.as('now')).executeTakeFirstOrThrow()
    const { body } = await patch('nightly.acme', { pausedUntil: null })
    expect(body).toMatchObject({ pausedUntil: null, pausedReason: null })
    const row = await rowOf('nightly.acme')
    expect(Temporal.Instant.compare(row.next_due_at ?? '', row.planned_until)).toBe(1)
    expect(Temporal.Instant.compare(row.planned_until, asked)).toBe(1)
  })

  test('can be made and ended on the board, by the clock of the schedule', async () => {
    const person = await signIn(board, 'operator')
    const fields = { until: '2026-04-02T02:00', reason: 'Their move', back: '/schedules/nightly.acme' }
    const response = await person.submit('/schedules/nightly.acme/pause', fields)
    expect(response.headers.get('Location')).toBe('/schedules/nightly.acme?notice=paused')
    expect(await rowOf('nightly.acme')).toMatchObject({ paused_until: until, paused_reason: 'Their move' })
    const page = await (await person.get('/schedules/nightly.acme')).text()
    expect(page).toContain('Their move<br>What falls due until then is left out.')
    // What was left out can be filled from here.
    expect(page).toContain('href="/backfills/new?what=nightly&amp;client=acme"')
    await person.submit('/schedules/nightly.acme/resume', { back: '/schedules/nightly.acme' })
    expect(await rowOf('nightly.acme')).toMatchObject({ paused_until: null, paused_reason: null })
    expect((await audit()).map(({ after }) => after)).toEqual([
      { pausedUntil: until, pausedReason: 'Their move' },
      { pausedUntil: null, pausedReason: null },
    ])
  })
})

describe('the page that edits a schedule', () => {
  const asked = 'zone=client&catchUp=all&overlap=allow'

  test('shows when it would fire before anything is saved', async () => {
    const person = await signIn(board, 'operator')
    const page = await (
      await person.get(`/schedules/nightly.acme/edit?cron=${encodeURIComponent('0 6 L * *')}&${asked}`)
    ).text()
    expect(page).toContain('Tue 31 Mar 06:00:00')
    expect(page).toContain('04:00:00\u00a0UTC')
    expect(await rowOf('nightly.acme')).toMatchObject({ cron: '30 2 * * *' })
  })

  test('says what is wrong with what was typed, and keeps it', async () => {
    const person = await signIn(board, 'operator')
    const page = await (await person.get(`/schedules/nightly.acme/edit?cron=at+dawn&${asked}&lateAfter=soon`)).text()
    expect(page).toContain('&quot;at dawn&quot; is no cron expression')
    expect(page).toContain('must be a number of minutes, or empty')
    expect(page).toContain('value="at dawn"')
  })

  test('saves what was shown', async () => {
    const person = await signIn(board, 'operator')
    const fields = {
      cron: '0 6 * * *',
      zone: 'client',
      catchUp: 'latest',
      catchUpWithin: '90',
      overlap: 'skip',
      lateAfter: '',
    }
    const response = await person.submit('/schedules/nightly.acme/edit', fields)
    expect(response.headers.get('Location')).toBe('/schedules/nightly.acme?notice=schedule-changed')
    expect(await rowOf('nightly.acme')).toMatchObject({
      cron: '0 6 * * *',
      catch_up: 'latest',
      catch_up_within_s: 5400,
      late_after_s: null,
      overlap: 'skip',
      is_edited: true,
    })
    await person.submit('/schedules/nightly.acme/as-declared', { back: '/schedules' })
    expect(await rowOf('nightly.acme')).toMatchObject({ cron: '30 2 * * *', late_after_s: 3600, is_edited: false })
  })
})
