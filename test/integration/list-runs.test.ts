import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import { listRuns } from '../../src/queues/runs/list-runs.ts'
import type { Origin } from '../../src/queues/runs/plan-runs.ts'
import type { RunFilter } from '../../src/queues/runs/run-filter.ts'
import type { RunState } from '../../src/run-state.ts'
import { given } from '../support/given.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system

type Given = {
  id?: string
  name: string
  client?: string
  job?: string
  state?: RunState
  origin?: Origin
  night?: string | null
  window?: [from: string, to: string]
  error?: [code: string, message: string]
}

const ID = randomUUID()

/** Planned in this order, two in every minute, at the same instant. */
const RUNS: Given[] = [
  { name: 'a', error: ['smtp-refused', 'The Mailbox of ada@example.com is full'], state: 'failed' },
  { name: 'b', job: 'render', origin: 'person' },
  { name: 'c', client: 'other', night: '2026-03-02' },
  { name: 'd', window: ['2026-03-01', '2026-04-01'], state: 'cancelled' },
  { name: '100%_x', id: ID },
  { name: 'e', state: 'planned', window: ['2026-03-31', '2026-04-01'] },
  { name: 'f', state: 'queued', job: 'render' },
  { name: 'g', client: 'other', state: 'running' },
  { name: `of-${ID}`, job: 'render', night: '2026-03-02' },
  { name: 'h', state: 'failed', error: ['deadline', 'too long'], client: 'other', job: 'render' },
]

beforeAll(async () => {
  for (const id of ['acme', 'other']) await given.client(db, { id, name: id })
  for (const [index, run] of RUNS.entries()) await insert(run, index)
})

async function insert(run: Given, index: number): Promise<void> {
  const { id = randomUUID(), name, client = 'acme', job = 'roll-up', state = 'succeeded', origin = 'schedule' } = run
  await db
    .insertInto('runs')
    .values({
      id,
      job,
      key: `${client}.${name}`,
      queue: 'aggregation',
      client_id: client,
      night: run.night ?? null,
      window_from: run.window?.[0] ?? null,
      window_to: run.window?.[1] ?? null,
      payload: '{}',
      state,
      origin,
      planned_at: sql`'2026-03-01T00:00:00Z'::timestamptz + make_interval(mins => ${Math.floor(index / 2)})`,
      error_code: run.error?.[0] ?? null,
      error_message: run.error?.[1] ?? null,
    })
    .execute()
}

/** Every run a filter finds, page by page, each page with a search that looks at three finished runs and stops. */
async function namesOf(filter: RunFilter, limit = 2): Promise<string[]> {
  const names: string[] = []
  let cursor: string | null = null
  for (let page = 0; page < 50; page += 1) {
    const place = cursor === null ? {} : { cursor }
    const found = await listRuns(db, { ...filter, ...place, limit }, { sliceRuns: 3, budgetMs: 0 })
    names.push(...found.runs.map(({ key, clientId }) => key.slice(`${clientId}.`.length)))
    if (found.nextCursor === null) return names
    cursor = found.nextCursor
  }
  throw new Error('the list has no end')
}

describe('what a filter finds, in small pages and all at once', () => {
  test.each<[RunFilter, string[]]>([
    [{}, RUNS.map(({ name }) => name)],
    [{ clientId: 'other' }, ['c', 'g', 'h']],
    [{ job: 'render' }, ['b', 'f', `of-${ID}`, 'h']],
    [{ clientId: 'other', job: 'render' }, ['h']],
    [{ states: ['failed'] }, ['a', 'h']],
    [{ states: ['failed', 'cancelled'], clientId: 'acme' }, ['a', 'd']],
    [{ states: ['planned', 'queued', 'running'] }, ['e', 'f', 'g']],
    [{ states: ['queued', 'running'], job: 'render' }, ['f']],
    [{ states: ['planned'] }, ['e']],
    [{ states: ['succeeded', 'planned'] }, ['b', 'c', '100%_x', 'e', `of-${ID}`]],
    [{ states: [] }, []],
    [{ night: '2026-03-02' }, ['c', `of-${ID}`]],
    [{ night: '2026-03-02', clientId: 'acme' }, [`of-${ID}`]],
    [{ origin: 'person' }, ['b']],
    [{ windowFrom: '2026-03-31', windowTo: '2026-04-01' }, ['d', 'e']],
    [{ windowTo: '2026-03-31' }, ['d']],
    [{ windowFrom: '2026-04-01' }, []],
    [{ plannedFrom: '2026-03-01T00:01:00Z', plannedTo: '2026-03-01T00:02:00Z' }, ['c', 'd']],
    [{ text: 'MAILBOX' }, ['a']],
    [{ text: 'smtp-' }, ['a']],
    [{ text: '100%_X' }, ['100%_x']],
    [{ text: '%' }, ['100%_x']],
    [{ text: 'acme.', states: ['queued'] }, ['f']],
    [{ text: ID.slice(0, 9) }, ['100%_x', `of-${ID}`]],
    [{ text: 'nothing mentions this' }, []],
  ])('%j', async (filter, names) => {
    expect((await namesOf(filter)).toSorted()).toEqual(names.toSorted())
    const whole = await listRuns(db, { ...filter, limit: 100 })
    expect([whole.runs.length, whole.nextCursor, whole.lookedBackTo]).toEqual([names.length, null, null])
  })
})

test('a list comes newest first, whatever the size of its pages', async () => {
  const { runs } = await listRuns(db, { limit: 100 })
  const order = runs.map(({ plannedAt, id }) => `${plannedAt} ${id}`)
  expect(order).toEqual(order.toSorted().toReversed())
  const keys = runs.map(({ key, clientId }) => key.slice(`${clientId}.`.length))
  expect(await namesOf({}, 1)).toEqual(keys)
  expect(await namesOf({}, 3)).toEqual(keys)
})

test('a whole id finds its run first, however old, and what mentions it', async () => {
  expect(await namesOf({ text: ID.toUpperCase() })).toEqual(['100%_x', `of-${ID}`])
  expect(await namesOf({ text: ID, clientId: 'other' })).toEqual([])
})

test('a search that leaves off says how far back it looked, and goes on from there', async () => {
  const first = await listRuns(db, { text: 'mailbox', limit: 5 }, { sliceRuns: 3, budgetMs: 0 })
  expect(first).toMatchObject({ runs: [], lookedBackTo: '2026-03-01T00:02:00Z' })
  const second = await listRuns(db, { text: 'mailbox', limit: 5, cursor: first.nextCursor ?? '' })
  expect(second).toMatchObject({ runs: [{ key: 'acme.a' }], nextCursor: null, lookedBackTo: null })
})

test('a cursor stays good while runs come and go', async () => {
  const first = await listRuns(db, { limit: 4 })
  await insert({ name: 'new' }, 50)
  await db
    .deleteFrom('runs')
    .where('id', '=', first.runs[3]?.id ?? '')
    .execute()
  const second = await listRuns(db, { limit: 100, cursor: first.nextCursor ?? '' })
  expect(second.runs).toHaveLength(RUNS.length - 4)
  await expect(listRuns(db, { limit: 1, cursor: 'x' })).rejects.toMatchObject({ code: 'invalid-cursor' })
})
