import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { PermanentError } from '../../src/errors.ts'
import { type AnyJob, on } from '../../src/queues/index.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { type BackendKind, openTestEngine, testJob } from '../support/test-engine.ts'

const { database } = await createTestDatabase({ connectionsMax: 12 })
const db = database.system
const ASKED = { origin: 'person', requestedBy: 'tester', again: 'no' } as const

/** Which steps fail now, and what ran how often. */
const world = { broken: new Set<string>(), ran: {} as Record<string, number> }

function step(name: string, ...after: AnyJob[]): AnyJob {
  return testJob(
    name,
    async (payload) => {
      const what = `${name} ${payload.name}`
      world.ran[what] = (world.ran[what] ?? 0) + 1
      if (world.broken.has(what)) throw new PermanentError('object-missing', `${what} is broken`)
    },
    { after: (payload: unknown) => after.map((job) => on(job, payload)) },
  )
}

// a <- b <- c <- d, and base <- left, right <- top.
const a = step('a')
const b = step('b', a)
const c = step('c', b)
const d = step('d', c)
const base = step('base')
const left = step('left', base)
const right = step('right', base)
const top = step('top', left, right)

describe.each<BackendKind>(['postgres', 'redis'])('a chain on %s', async (kind) => {
  const { engine, close } = await openTestEngine(kind, database, [a, b, c, d, base, left, right, top])
  await engine.startScheduler()
  await engine.startWorkers()
  afterAll(() => close())

  beforeEach(async () => {
    await emptyDatabase(db)

    const client = { id: 'acme', name: 'Acme', time_zone: 'UTC', currency: 'EUR' }
    await db.insertInto('clients').values(client).execute()
    world.broken.clear()
    world.ran = {}
  })

  async function request(job: AnyJob, name = 'x'): Promise<string> {
    return (await engine.ledger.request(on(job, { clientId: 'acme', name }), ASKED)).runId
  }

  async function states(): Promise<Record<string, string>> {
    const rows = await db.selectFrom('runs').select(['job', 'key', 'state']).orderBy('job').orderBy('key').execute()
    return Object.fromEntries(rows.map(({ job, key, state }) => [`${job} ${key.split('.').at(-1)}`, state]))
  }

  async function idOf(job: string): Promise<string> {
    return (await db.selectFrom('runs').select('id').where('job', '=', job).executeTakeFirstOrThrow()).id
  }

  const become = (expected: Record<string, string>) => expect.poll(states).toEqual(expected)
  /** What is held stays held, also a moment later. */
  async function stay(expected: Record<string, string>): Promise<void> {
    await become(expected)
    await sleep(300)
    expect(await states()).toEqual(expected)
  }

  test('a failed step holds what depends on it, and only that', async () => {
    world.broken.add('b x')
    await request(d)
    await request(d, 'y')
    await stay({
      'a x': 'succeeded',
      'a y': 'succeeded',
      'b x': 'failed',
      'b y': 'succeeded',
      'c x': 'planned',
      'c y': 'succeeded',
      'd x': 'planned',
      'd y': 'succeeded',
    })
    expect(world.ran).toEqual({ 'a x': 1, 'a y': 1, 'b x': 1, 'b y': 1, 'c y': 1, 'd y': 1 })
  })

  const DONE = { 'a x': 'succeeded', 'b x': 'succeeded', 'c x': 'succeeded', 'd x': 'succeeded' }

  test.each(['b', 'c', 'd'])(
    'retrying %s of four releases the chain and reruns nothing that succeeded',
    async (pressed) => {
      world.broken.add('b x')
      await request(d)
      await become({ 'a x': 'succeeded', 'b x': 'failed', 'c x': 'planned', 'd x': 'planned' })
      world.broken.clear()
      await engine.ledger.retry(await idOf(pressed), 'tester')
      await become(DONE)
      expect(world.ran).toEqual({ 'a x': 1, 'b x': 2, 'c x': 1, 'd x': 1 })
      await expect(engine.ledger.retry(await idOf(pressed), 'tester')).rejects.toMatchObject({ code: 'not-retryable' })
    },
  )

  test.each(['left', 'top'])(
    'retrying %s of a diamond with one broken side runs that side and the top',
    async (pressed) => {
      world.broken.add('left x')
      await request(top)
      await stay({ 'base x': 'succeeded', 'left x': 'failed', 'right x': 'succeeded', 'top x': 'planned' })
      world.broken.clear()
      await engine.ledger.retry(await idOf(pressed), 'tester')
      await become({ 'base x': 'succeeded', 'left x': 'succeeded', 'right x': 'succeeded', 'top x': 'succeeded' })
      expect(world.ran).toEqual({ 'base x': 1, 'left x': 2, 'right x': 1, 'top x': 1 })
    },
  )

  test('retrying what was cancelled revives what it stands on, however far down', async () => {
    world.broken.add('a x')
    const id = await request(d)
    await become({ 'a x': 'failed', 'b x': 'planned', 'c x': 'planned', 'd x': 'planned' })
    await engine.ledger.cancel(id, 'tester')
    await engine.ledger.cancel(await idOf('b'), 'tester')
    world.broken.clear()
    await engine.ledger.retry(id, 'tester')
    await become(DONE)
    expect(world.ran).toEqual({ 'a x': 2, 'b x': 1, 'c x': 1, 'd x': 1 })
  })

  test('what retention has deleted below a run is planned again when the run is retried', async () => {
    world.broken.add('c x')
    const id = await request(d)
    await become({ 'a x': 'succeeded', 'b x': 'succeeded', 'c x': 'failed', 'd x': 'planned' })
    await db.deleteFrom('runs').where('job', 'in', ['a', 'b']).execute()
    world.broken.clear()
    await engine.ledger.retry(id, 'tester')
    await become(DONE)
    expect(world.ran).toEqual({ 'a x': 2, 'b x': 2, 'c x': 2, 'd x': 1 })
  })

  test('retrying all that failed releases every chain at once', async () => {
    const names = ['p', 'q', 'r']
    for (const name of names) world.broken.add(`b ${name}`)
    for (const name of names) await request(d, name)
    await expect.poll(async () => Object.values(await states()).filter((each) => each === 'failed').length).toBe(3)
    world.broken.clear()
    const filter = { job: 'b' }
    expect(await engine.ledger.countAll('retry', filter)).toEqual({ total: 3, byState: { failed: 3 } })
    expect(await engine.ledger.changeAll({ action: 'retry', filter, seen: 3, requestedBy: 'tester' })).toBe(3)
    await expect.poll(async () => new Set(Object.values(await states()))).toEqual(new Set(['succeeded']))
    expect(world.ran).toMatchObject({ 'a p': 1, 'b p': 2, 'c p': 1, 'd p': 1 })
  })
})
