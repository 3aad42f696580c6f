import { join } from 'node:path'
import { sql } from 'kysely'
import { type FakeClock, makeFakeClock } from '../support/faketime.ts'
import { defineFault, type Mark, quantile, seconds, verdict } from './fault.ts'
import { type Killing, killHard, rescues } from './killings.ts'
import type { NodeProcess } from './node-process.ts'
import { countReports, makeReports, openRuns, planNightly } from './report-world.ts'
import type { World } from './world.ts'

type Size = { skews: number[]; reportsEach: number }

const NOTICED_MAX_MS = 30_000
const NOTICED_WITHIN_MS = 120_000
const RESCUE_MAX_MS = 30_000
const SETTLE_MS = 180_000
/** Reports asked for each time work is needed: there are four such times in a round. */
const TIMES = 4

export const wrongClock = defineFault<Size>({
  name: 'wrong-clock',
  title: 'the clock of one node jumps by +60 s, +1 day, −1 h while it works, and is set right again',
  mark: 'it refuses and says so in the log and on /readyz; 0 doubled; rescue of other nodes ≤ 30 s; it comes back by itself',
  backends: ['postgres', 'redis'],
  servers: 'shared',
  alone: false,
  short: { skews: [86_400], reportsEach: 12 },
  long: { skews: [60, 86_400, -3600], reportsEach: 80 },
  async run(world, { skews, reportsEach }) {
    const requests = await makeReports(world, skews.length * TIMES * reportsEach, () => ['csv', 'json', 'html'])
    const give = () => planNightly(world, requests.splice(0, reportsEach))
    await world.start('scheduler')
    const clock = await makeFakeClock(join(world.folder, 'clock'))
    const off = await world.start('worker,board', clock.settings)
    const killings: Killing[] = []
    const noticed: number[] = []
    let right = await world.start('worker')
    for (const skew of skews) {
      world.say(`the clock of one node jumps by ${skew} s`)
      await give()
      await world.until(
        'both nodes work',
        SETTLE_MS,
        async () => (await claims(world, off)) * (await claims(world, right)) > 0,
      )
      noticed.push(await refuses(world, off, clock, skew))
      const before = await claims(world, off)
      killings.push(await killAtWork(world, right, give))
      right = await world.start('worker')
      await world.until('the work of the others is done', SETTLE_MS, async () => (await openRuns(world)) === 0)
      if ((await claims(world, off)) > before) throw new Error(`a node that is ${skew} s off took runs`)
      noticed.push(await comesBack(world, off, clock, give))
      await world.until('all work is done', SETTLE_MS, async () => (await openRuns(world)) === 0)
    }
    return judge(world, skews, noticed, killings, off)
  },
})

async function judge(world: World, skews: number[], noticed: number[], killings: Killing[], off: NodeProcess) {
  const count = await countReports(world)
  const waits = await rescues(world, killings)
  const taken = await takenFromTheRight(world, [off.pid, ...killings.map(({ pid }) => pid)])
  const max = quantile(
    waits.map((wait) => wait ?? Infinity),
    1,
  )
  const figures = {
    jumps: skews.length,
    'refused, and back, within': seconds(quantile(noticed, 1)),
    'mails twice': count.mailedTwice.length,
    lost: count.lost.length,
    'taken from nodes that are right': taken,
    'rescue max': seconds(max),
  }
  const marks: Mark[] = [
    [count.lost.length === 0, `lost: ${count.lost.slice(0, 5).join('; ')}`],
    [count.mailedTwice.length === 0, `mailed twice: ${count.mailedTwice.slice(0, 5).join(', ')}`],
    [
      count.notOnce.length === 0 && count.half.length === 0,
      `objects: ${[...count.notOnce, ...count.half].slice(0, 5).join('; ')}`,
    ],
    [taken === 0, `${taken} attempts of nodes whose clock was right were taken over`],
    [waits.length > 0 && !waits.includes(null), `rescues: ${waits.map(seconds).join(', ')}`],
  ]
  const slowest = quantile(noticed, 1)
  return verdict(figures, marks, [
    [(max ?? 0) <= RESCUE_MAX_MS, `rescues: ${waits.map(seconds).join(', ')}`],
    [(slowest ?? 0) <= NOTICED_MAX_MS, `a node took ${seconds(slowest)} to refuse, or to come back`],
  ])
}

/** Shifts the clock and waits until the node says that it does not work, everywhere. Returns how long that took. */
async function refuses(world: World, node: NodeProcess, clock: FakeClock, skew: number): Promise<number> {
  const startedAt = performance.now()
  const said = (await refusals(node)) + 1
  await clock.shift(skew)
  await world.until(
    'the log says that the node does not work',
    NOTICED_WITHIN_MS,
    async () => (await refusals(node)) >= said,
  )
  await world.until(
    '/readyz answers 503 for the clock',
    NOTICED_WITHIN_MS,
    async () => (await readiness(node)) === '503 clock',
  )
  return performance.now() - startedAt
}

async function comesBack(
  world: World,
  node: NodeProcess,
  clock: FakeClock,
  give: () => Promise<void>,
): Promise<number> {
  const startedAt = performance.now()
  const before = await claims(world, node)
  await clock.shift(0)
  await world.until('the log says that the node works again', NOTICED_WITHIN_MS, async () =>
    /this node works again/.test((await node.log()).split('this node does not work').at(-1) ?? ''),
  )
  await world.until('/readyz answers 200', NOTICED_WITHIN_MS, async () => (await readiness(node)) === '200')
  const tookMs = performance.now() - startedAt
  await give()
  await world.until('the node works again', SETTLE_MS, async () => (await claims(world, node)) > before)
  return tookMs
}

async function refusals(node: NodeProcess): Promise<number> {
  return (await node.log()).match(/"msg":"this node does not work: its clock differs/g)?.length ?? 0
}

/** The status, and the parts that are not ready. */
async function readiness(node: NodeProcess): Promise<string> {
  const response = await fetch(`${node.url()}/readyz`)
  const { checks } = (await response.json()) as { checks: { name: string; ok: boolean }[] }
  return [response.status, ...checks.filter(({ ok }) => !ok).map(({ name }) => name)].join(' ')
}

/** Kills a node in the moment it holds runs. */
async function killAtWork(world: World, node: NodeProcess, give: () => Promise<void>): Promise<Killing> {
  await give()
  await give()
  for (let look = 0; look < 2000; look += 1) {
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from runs where state = 'running' and node like ${`%-${node.pid}-%`}`.execute(world.db)
    if ((rows[0]?.n ?? 0) > 0) return killHard(node)
    await world.sleep(10)
  }
  throw new Error('the node never held a run')
}

/** How many attempts a node has begun. */
async function claims({ db }: World, node: NodeProcess): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select (select count(*) from run_attempts where node like ${`%-${node.pid}-%`})
      + (select count(*) from runs where state = 'running' and node like ${`%-${node.pid}-%`}) as n`.execute(db)
  return rows[0]?.n ?? 0
}

/** Attempts that were lost although their node lived and its clock was right. */
async function takenFromTheRight({ db }: World, pids: number[]): Promise<number> {
  const { rows } = await sql<{ node: string }>`select node from run_attempts where outcome = 'lost'`.execute(db)
  return rows.filter(({ node }) => !pids.some((pid) => node.includes(`-${pid}-`))).length
}
