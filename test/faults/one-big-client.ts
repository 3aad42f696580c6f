import { sql } from 'kysely'
import { on, type RunRequest } from '../../src/queues/index.ts'
import { given } from '../support/given.ts'
import { defineFault, quantile, seconds, verdict } from './fault.ts'
import { openRuns, planNightly } from './report-world.ts'
import { nap } from './test-jobs.ts'
import type { World } from './world.ts'

type Size = { bigRuns: number; clients: number; runsEach: number; rounds: number }

const JOB_MS = 40
const WAIT_SHARE_MAX = 3
const SETTLE_MS = 120_000

export const oneBigClient = defineFault<Size>({
  name: 'one-big-client',
  title: 'one client asks for 10,000 runs while 20 others ask for 5 each',
  mark: `the others' p95 wait ≤ ${WAIT_SHARE_MAX} × idle`,
  backends: ['postgres', 'redis'],
  servers: 'shared',
  alone: true,
  short: { bigRuns: 500, clients: 10, runsEach: 5, rounds: 1 },
  long: { bigRuns: 10_000, clients: 20, runsEach: 5, rounds: 5 },
  async run(world, size) {
    const { bigRuns, clients, rounds } = size
    for (let client = 0; client < clients; client += 1) await given.client(world.db, { id: `small-${client}` })
    await given.client(world.db, { id: 'big' })
    await world.startProgram('test-node.ts', { ROLES: 'scheduler' })
    await world.startProgram('test-node.ts', { ROLES: 'worker' })
    // The first run of a process is slower than all others: it compiles.
    await smallRound(world, size, 'warm-up')
    const idle = await measure(world, size, 'idle')
    const big = Array.from({ length: bigRuns }, (_, index) =>
      on(nap, { clientId: 'big', name: `${index}`, ms: JOB_MS, deaf: false }),
    )
    for (let at = 0; at < big.length; at += 2000) await planNightly(world, big.slice(at, at + 2000))
    await world.until('the big client is at work', SETTLE_MS, async () => (await doneOf(world, 'big')) > 0)
    const busy = await measure(world, size, 'busy')
    const left = bigRuns - (await doneOf(world, 'big'))
    const idleP95 = quantile(idle, 0.95) ?? 0
    const busyP95 = quantile(busy, 0.95) ?? Infinity
    const times = busyP95 / idleP95
    const figures = { 'idle p95': seconds(idleP95), 'beside it p95': seconds(busyP95), times: times.toFixed(1) }
    return verdict(
      { 'runs of the big one': bigRuns, 'small runs': busy.length, rounds, ...figures },
      [[left > 0, 'the big client was done before the small ones: nothing was shown']],
      [[times <= WAIT_SHARE_MAX, `small clients waited ${times.toFixed(1)} × as long`]],
    )
  },
})

/** How long each small run waited from being planned to being started, over all rounds. */
async function measure(world: World, size: Size, name: string): Promise<number[]> {
  const waits: number[] = []
  for (let round = 1; round <= size.rounds; round += 1) {
    waits.push(...(await smallRound(world, size, `${name}-${round}`)))
    world.say(
      `${name}, round ${round} of ${size.rounds}: p95 ${seconds(quantile(waits, 0.95))}; ${await openRuns(world)} runs open`,
    )
  }
  return waits
}

async function smallRound(world: World, { clients, runsEach }: Size, name: string): Promise<number[]> {
  const requests: RunRequest[] = []
  for (let run = 0; run < runsEach; run += 1) {
    for (let client = 0; client < clients; client += 1)
      requests.push(on(nap, { clientId: `small-${client}`, name: `${name}-${run}`, ms: JOB_MS, deaf: false }))
  }
  await planNightly(world, requests)
  const waitsOf = async () => {
    const { rows } = await sql<{ wait: number }>`
      select extract(epoch from started_at - planned_at)::float8 * 1000 as wait from runs
      where client_id like 'small-%' and key like ${`%.${name}-%`} and state = 'succeeded'`.execute(world.db)
    return rows.map(({ wait }) => wait)
  }
  await world.until(
    `the small runs of ${name} ended`,
    SETTLE_MS,
    async () => (await waitsOf()).length === requests.length,
  )
  return waitsOf()
}

async function doneOf({ db }: World, clientId: string): Promise<number> {
  const rows = await db
    .selectFrom('runs')
    .select('id')
    .where('client_id', '=', clientId)
    .where('state', '=', 'succeeded')
    .execute()
  return rows.length
}
