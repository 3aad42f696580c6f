import pg from 'pg'
import { defineFault, seconds, verdict } from './fault.ts'
import { watchReadiness } from './readiness.ts'
import { firstClaimAfter, settle, startLoad, unharmed } from './steady-load.ts'
import type { World } from './world.ts'

type Size = { reports: number; quick: number; beforeMs: number; awayMs: number; afterMs: number; settleMs: number }

const START_TIMEOUT_MS = 60_000
const PICK_UP_MS = 5_000
/** Readiness is asked four times a second and remembered for two. */
const READINESS_LAG_MS = 6_000
const READY_WITHIN_MS = 60_000

export const postgresStopped = defineFault<Size>({
  name: 'postgres-stopped',
  title: 'PostgreSQL killed with all its processes, away for 30 s, back on the same port, under load',
  mark: '0 lost, 0 doubled, pick-up ≤ 5 s after return, /readyz 503 meanwhile',
  backends: ['postgres', 'redis'],
  servers: 'own',
  alone: false,
  short: { reports: 6, quick: 24, beforeMs: 2_000, awayMs: 5_000, afterMs: 1_000, settleMs: 150_000 },
  long: { reports: 120, quick: 300, beforeMs: 8_000, awayMs: 30_000, afterMs: 10_000, settleMs: 240_000 },
  async run(world, size) {
    const [, , , board] = await Promise.all([
      world.start('scheduler'),
      world.start('worker'),
      world.start('worker'),
      world.start('board'),
    ])
    const load = await startLoad(world, { ...size, overMs: size.beforeMs + size.awayMs + size.afterMs })
    const readiness = watchReadiness(world, board)
    await world.sleep(size.beforeMs)
    const { crashedMs, backMs } = await crashFor(world, size.awayMs, () => readiness.answers.at(-1)?.status === 503)
    await world.sleep(size.afterMs)
    await load.finish()
    const counts = await settle(world, size.settleMs)
    await world.until('/readyz answers 200', READY_WITHIN_MS, () => readiness.answers.at(-1)?.status === 200)
    await readiness.stop()
    const pickUpMs = await firstClaimAfter(world, backMs)
    const during = readiness.answers.filter(({ atMs }) => atMs > crashedMs && atMs < backMs)
    const refusedFirst = during.find(({ status }) => status === 503)
    const wrongly = during.filter(({ atMs, status }) => status !== 503 && atMs > crashedMs + READINESS_LAG_MS)
    const readyAgain = readiness.answers.find(({ atMs, status }) => atMs > backMs && status === 200)
    const { figures, marks } = unharmed(world, load.reports, counts)
    return verdict(
      {
        away: seconds(backMs - crashedMs),
        ...figures,
        'pick-up after return': seconds(pickUpMs),
        '503 after': seconds(refusedFirst ? refusedFirst.atMs - crashedMs : null),
        '200 again after': seconds(readyAgain ? readyAgain.atMs - backMs : null),
      },
      [
        ...marks,
        [pickUpMs !== null, 'no run was picked up after its return'],
        [refusedFirst !== undefined, '/readyz never answered 503 while the database was away'],
      ],
      [
        [(pickUpMs ?? Infinity) <= PICK_UP_MS, `the first run was picked up after ${seconds(pickUpMs)}`],
        [wrongly.length === 0, `/readyz answered ${wrongly.map(({ status }) => status).join(', ')} meanwhile`],
        [
          readyAgain !== undefined && readyAgain.atMs - backMs <= READINESS_LAG_MS,
          `/readyz answered 200 again after ${seconds(readyAgain ? readyAgain.atMs - backMs : null)}`,
        ],
      ],
    )
  },
})

/**
 * For so long, and until it was noticed. Whatever happens, the server is there again afterwards. Times are milliseconds
 * since 1970; `back`: it takes connections.
 */
async function crashFor(
  world: World,
  awayMs: number,
  isNoticed: () => boolean,
): Promise<{ crashedMs: number; backMs: number }> {
  const { postgres } = world.servers()
  const times = { crashedMs: Date.now(), backMs: 0 }
  await postgres.crash()
  world.say('PostgreSQL is dead')
  try {
    await world.sleep(awayMs)
    await world.until('/readyz answers 503', READY_WITHIN_MS, isNoticed)
  } finally {
    // Its start ends a while after it has begun to answer.
    const [backMs] = await Promise.all([answersAt(world), postgres.restart()])
    times.backMs = backMs
  }
  world.say('PostgreSQL is back')
  return times
}

/** When it first takes a connection. */
async function answersAt(world: World): Promise<number> {
  let backMs = 0
  await world.until('PostgreSQL answers', START_TIMEOUT_MS, async () => {
    const client = new pg.Client({ connectionString: world.databaseUrl })
    client.on('error', () => {})
    backMs = await client.connect().then(
      () => Date.now(),
      () => 0,
    )
    await client.end()
    return backMs > 0
  })
  return backMs
}
