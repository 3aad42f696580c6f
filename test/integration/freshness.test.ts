import { sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { renderReport } from '../../src/jobs/render-report.ts'
import { rollUpDay } from '../../src/jobs/roll-up-day.ts'
import type { FreshnessQuery } from '../../src/queues/freshness/freshness.ts'
import { createRegistry, readFreshness } from '../../src/queues/index.ts'
import type { RunState } from '../../src/run-state.ts'
import { addDays, type Day } from '../../src/time.ts'
import { callApi } from '../support/api.ts'
import { emptyDatabase, PEOPLE } from '../support/empty-database.ts'
import { given } from '../support/given.ts'
import { quickest } from '../support/growth.ts'
import { keyHeaders, openTestBoard, signIn } from '../support/test-board.ts'

/** 10:00 in Zurich; roll-ups are due at 00:10 and late at 02:10. */
let now = Temporal.Instant.from('2026-11-21T09:00:00Z')
const board = await openTestBoard({ jobs: [rollUpDay, renderReport], change: { clock: () => now } })
const db = board.database.system
const registry = createRegistry([rollUpDay, renderReport])
const viewer = await signIn(board, 'viewer')

beforeEach(async () => {
  now = Temporal.Instant.from('2026-11-21T09:00:00Z')
  await emptyDatabase(db, PEOPLE)
  await given.client(db, { time_zone: 'Europe/Zurich' })
  await givenFactsOn('2026-11-01')
  await givenSchedule()
})

async function givenFactsOn(day: Day): Promise<void> {
  await db.insertInto('rollup_days').values({ client_id: 'acme', day }).execute()
}

async function givenSchedule(row: Record<string, unknown> = {}): Promise<void> {
  const values = { id: 'roll-up-day.acme', job: 'roll-up-day', client_id: 'acme', cron: '10 0 * * *', zone: 'client' }
  const policies = {
    catch_up: 'all',
    overlap: 'allow',
    late_after_s: 7200,
    in_force_since: '2026-11-01T00:00:00Z',
  } as const
  await db
    .insertInto('schedules')
    .values({ ...values, ...policies, ...row })
    .execute()
}

/** The run of a day, which ended at an instant. */
async function givenDay(
  day: Day,
  state: RunState,
  finishedAt: string | null = null,
  row: Record<string, unknown> = {},
) {
  const window = { night: day, window_from: day, window_to: addDays(day, 1) }
  const { id } = await db
    .insertInto('runs')
    .values({
      job: 'roll-up-day',
      key: `acme.${day}`,
      queue: 'aggregation',
      client_id: 'acme',
      payload: JSON.stringify({ clientId: 'acme', day }),
      origin: 'schedule',
      state,
      finished_at: finishedAt,
      ...window,
      ...row,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

async function read(change: Partial<FreshnessQuery> = {}) {
  const factsSince = async () => new Map([['acme', '2026-11-01']])
  const { schedules } = await readFreshness(db, registry, {
    at: now,
    days: 4,
    limit: 50,
    keptDays: 400,
    factsSince,
    ...change,
  })
  return schedules
}

/** [last day of the window, state, how late]. */
async function states(change: Partial<FreshnessQuery> = {}) {
  const [schedule] = await read(change)
  return schedule?.windows.map(({ to, state, lateByS }) => [addDays(to, -1), state, lateByS])
}

describe('each window says how it stands', () => {
  test('done in time, done late, late, failed, cancelled and missing', async () => {
    await givenDay('2026-11-15', 'succeeded', '2026-11-15T23:20:00Z')
    await givenDay('2026-11-16', 'succeeded', '2026-11-17T02:10:00Z')
    await givenDay('2026-11-17', 'queued')
    await givenDay('2026-11-18', 'failed', '2026-11-18T23:30:00Z')
    await givenDay('2026-11-19', 'cancelled', '2026-11-19T23:30:00Z')
    expect(await states({ days: 6 })).toEqual([
      ['2026-11-15', 'done', null],
      ['2026-11-16', 'done', 3600],
      ['2026-11-17', 'late', 287_400],
      ['2026-11-18', 'failed', null],
      ['2026-11-19', 'cancelled', null],
      ['2026-11-20', 'missing', null],
    ])
  })

  test('what is open waits until its deadline, and what is due this minute until it is planned', async () => {
    now = Temporal.Instant.from('2026-11-20T23:11:00Z')
    await givenDay('2026-11-19', 'running', null, { late_at: '2999-01-01T00:00:00Z' })
    expect(await states({ days: 2 })).toEqual([
      ['2026-11-19', 'waiting', null],
      ['2026-11-20', 'waiting', null],
    ])
  })

  test('done again later is not done late', async () => {
    const id = await givenDay('2026-11-20', 'succeeded', '2026-11-21T08:00:00Z')
    const first = {
      run_id: id,
      attempt: 1,
      node: 'n',
      outcome: 'succeeded',
      finished_at: '2026-11-20T23:12:00Z',
    } as const
    await db.insertInto('run_attempts').values(first).execute()
    expect(await states({ days: 1 })).toEqual([['2026-11-20', 'done', null]])
  })

  test('days of 23 and 25 hours are windows like others', async () => {
    now = Temporal.Instant.from('2026-03-31T09:00:00Z')
    await db.updateTable('schedules').set({ in_force_since: '2026-01-01T00:00:00Z' }).execute()
    const factsSince = async () => new Map([['acme', '2026-01-01']])
    expect((await read({ factsSince }))[0]?.windows.map(({ to, dueAt }) => [addDays(to, -1), dueAt])).toEqual([
      ['2026-03-27', '2026-03-27T23:10:00Z'],
      ['2026-03-28', '2026-03-28T23:10:00Z'],
      ['2026-03-29', '2026-03-29T22:10:00Z'],
      ['2026-03-30', '2026-03-30T22:10:00Z'],
    ])
  })
})

describe('nothing is missing that was never owed', () => {
  test('before the client had facts', async () => {
    const factsSince = async () => new Map([['acme', '2026-11-19']])
    expect((await states({ factsSince }))?.map(([day]) => day)).toEqual(['2026-11-19', '2026-11-20'])
    expect(await read({ factsSince: async () => new Map() })).toEqual([])
  })

  test('before the schedule said what it says', async () => {
    await db.updateTable('schedules').set({ in_force_since: '2026-11-19T12:00:00Z' }).execute()
    expect((await states())?.map(([day]) => day)).toEqual(['2026-11-19', '2026-11-20'])
  })

  test('and a change of the schedule begins again, one of its planning does not', async () => {
    await db.updateTable('schedules').set({ planned_until: '2026-11-20T00:00:00Z' }).execute()
    expect(await states()).toHaveLength(4)
    await db.updateTable('schedules').set({ cron: '20 0 * * *' }).execute()
    expect(await read()).toEqual([])
  })

  test('past the time that runs are kept', async () => {
    expect((await states({ keptDays: 2 }))?.map(([day]) => day)).toEqual(['2026-11-19', '2026-11-20'])
  })

  test('but what was done then is shown', async () => {
    await givenDay('2026-11-18', 'succeeded', '2026-11-18T23:20:00Z')
    expect(await states({ keptDays: 1 })).toEqual([
      ['2026-11-18', 'done', null],
      ['2026-11-20', 'missing', null],
    ])
  })
})

describe('fresh until', () => {
  const freshness = async () => (await read()).map(({ freshUntil, freshTo, gaps }) => [freshUntil, freshTo, gaps])

  test('the end of the newest window that is done, in the zone of the client, with the gaps behind it', async () => {
    await givenDay('2026-11-17', 'failed', '2026-11-18T00:00:00Z')
    await givenDay('2026-11-18', 'succeeded', '2026-11-18T23:20:00Z')
    await givenDay('2026-11-19', 'succeeded', '2026-11-19T23:20:00Z')
    expect(await freshness()).toEqual([['2026-11-19T23:00:00Z', '2026-11-20', 1]])
  })

  test('a backfill of an old day does not make today green', async () => {
    await givenDay('2026-11-05', 'succeeded', '2026-11-21T08:00:00Z', { origin: 'backfill' })
    await givenDay('2026-11-17', 'succeeded', '2026-11-21T08:00:00Z', { origin: 'backfill' })
    expect(await freshness()).toEqual([['2026-11-17T23:00:00Z', '2026-11-18', 0]])
    expect((await states())?.at(-1)).toEqual(['2026-11-20', 'missing', null])
  })

  test('it is known though it lies before the days asked for', async () => {
    await givenDay('2026-11-05', 'succeeded', '2026-11-05T23:20:00Z')
    expect(await freshness()).toEqual([['2026-11-05T23:00:00Z', '2026-11-06', 0]])
  })

  test('a report that somebody asked for is not the one that is scheduled', async () => {
    const extra = { scheduleId: 'report.acme.weekly', report: 'performance', period: 'last-week', formats: ['pdf'] }
    await givenSchedule({
      id: 'report.acme.weekly',
      job: 'render-report',
      cron: '0 7 * * 1',
      payload: JSON.stringify(extra),
    })
    const window = { window_from: '2026-11-19', window_to: '2026-11-20', job: 'render-report' }
    await givenDay('2026-11-19', 'succeeded', '2026-11-20T08:00:00Z', { ...window, origin: 'person', key: 'acme.mine' })
    const reports = (await read({ days: 14 })).filter(({ job }) => job === 'render-report')
    expect(
      reports.map(({ freshTo, windows }) => [freshTo, windows.map(({ from, to, state }) => [from, to, state])]),
    ).toEqual([
      [
        null,
        [
          ['2026-11-02', '2026-11-09', 'missing'],
          ['2026-11-09', '2026-11-16', 'missing'],
        ],
      ],
    ])
  })
})

test('a schedule whose windows cannot be told says so and spoils nothing', async () => {
  await givenSchedule({ id: 'broken', job: 'render-report', payload: '{}' })
  const schedules = await read()
  expect(schedules.map(({ scheduleId, problem, windows }) => [scheduleId, problem === null, windows.length])).toEqual([
    ['broken', false, 0],
    ['roll-up-day.acme', true, 4],
  ])
})

describe('over the API', () => {
  type Reply = {
    schedules: { client: string; counts: Record<string, number>; windows: unknown[] }[]
    nextCursor: string | null
  }
  const ask = async (query: string, client: string | null = null) =>
    callApi<Reply>(board.url, { path: `/api/freshness${query}`, headers: await keyHeaders(board, 'viewer', client) })

  test('the same, in pages', async () => {
    await given.client(db, { id: 'blue', name: 'Blue' })
    await givenSchedule({ id: 'roll-up-day.blue', client_id: 'blue' })
    await db.insertInto('rollup_days').values({ client_id: 'blue', day: '2026-11-20' }).execute()
    const first = await ask('?limit=1&days=3')
    expect(first.body.schedules.map(({ client, counts }) => [client, counts['missing']])).toEqual([['acme', 3]])
    const second = await ask(`?limit=1&days=3&cursor=${first.body.nextCursor}`)
    expect(second.body.schedules.map(({ client, counts }) => [client, counts['missing']])).toEqual([['blue', 1]])
    expect(second.body.nextCursor).toBeNull()
  })

  test('of the own client only', async () => {
    await given.client(db, { id: 'blue', name: 'Blue' })
    expect((await ask('', 'blue')).body.schedules).toEqual([])
    expect((await ask('?client=acme', 'blue')).status).toBe(403)
  })

  test('at most sixty days, of which every one is there', async () => {
    await db.updateTable('schedules').set({ in_force_since: '2026-01-01T00:00:00Z' }).execute()
    await givenFactsOn('2026-01-01')
    expect((await ask('?days=60')).body.schedules[0]?.windows).toHaveLength(60)
    expect((await ask('?days=61')).status).toBe(400)
  })
})

test('the page says in words what every square shows, and leads to the run', async () => {
  const run = await givenDay('2026-11-19', 'failed', '2026-11-20T00:00:00Z')
  const page = await (await viewer.get('/freshness?days=7')).text()
  expect(page).toContain('Roll up day, 19 November 2026: Failed')
  expect(page).toContain(`href="/runs/${run}"`)
  expect(page).toContain('Roll up day, 20 November 2026: Missing: never planned, due Sat 21 Nov 00:10:00')
})

test('a run past its deadline is late on the night, before six o’clock', async () => {
  now = Temporal.Instant.from('2026-11-21T02:00:00Z')
  await givenDay('2026-11-20', 'running', null, { late_at: '2026-11-21T01:10:00Z', started_at: '2026-11-20T23:10:00Z' })
  const page = await (await viewer.get('/')).text()
  expect(page.replaceAll(/<[^>]*>/g, '')).toContain('Late: 1 run')
})

test('four times as many windows take about four times as long to tell, and not sixteen', async () => {
  await sql`
    insert into schedules (id, job, client_id, cron, zone, catch_up, overlap, in_force_since)
    select 'more.' || n, 'roll-up-day', 'acme', '10 0 * * *', 'client', 'all', 'allow', '2026-01-01' from generate_series(1, 9) n`.execute(
    db,
  )
  expect(await read({ days: 60 })).toHaveLength(10)
  const [few, many] = [await quickest(() => read({ days: 20 })), await quickest(() => read({ days: 80 }))]
  expect(many).toBeLessThan(10 * few)
})
