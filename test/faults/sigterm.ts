import { sql } from 'kysely'
import { on, type RunRequest } from '../../src/queues/index.ts'
import { given } from '../support/given.ts'
import { defineFault, type Mark, quantile, seconds, verdict } from './fault.ts'
import type { Ended, NodeProcess } from './node-process.ts'
import { makeReports, openRuns, planNightly } from './report-world.ts'
import { nap } from './test-jobs.ts'
import type { World } from './world.ts'

type Size = { reports: { stops: number; runs: number }; naps: { stops: number; runs: number }; graceSeconds: number }

const EXIT_AFTER_GRACE_MS = 10_000
/** They are told to stop together, as by a deploy. */
const AT_ONCE = 2
const SETTLE_MS = 240_000

export const sigterm = defineFault<Size>({
  name: 'sigterm',
  title:
    'SIGTERM under load: of the real program while it renders and mails, and of one whose jobs outlast the grace or do not listen',
  mark: 'exit ≤ 30 s (grace 20 s), code 0; 0 stalled, 0 attempts spent',
  backends: ['postgres', 'redis'],
  servers: 'shared',
  alone: false,
  short: { reports: { stops: 2, runs: 16 }, naps: { stops: 2, runs: 12 }, graceSeconds: 3 },
  long: { reports: { stops: 10, runs: 300 }, naps: { stops: 10, runs: 120 }, graceSeconds: 20 },
  async run(world, { reports, naps, graceSeconds }) {
    const settings = { SHUTDOWN_GRACE_SECONDS: String(graceSeconds) }
    const report = await makeReports(world, reports.runs, (index) =>
      index % 5 === 0 ? ['pdf', 'csv'] : ['csv', 'json', 'html'],
    )
    const exits = await stopAllAlong(world, { ...reports, requests: report }, (roles) => world.start(roles, settings))
    await given.client(world.db)
    exits.push(
      ...(await stopAllAlong(world, { ...naps, requests: napsOf(world, naps.runs, graceSeconds) }, (roles) =>
        world.startProgram('test-node.ts', { ...settings, ROLES: roles }),
      )),
    )
    const { rows } = await sql<{ run: string }>`
      select job || ' ' || key || ': ' || state || ', ' || failures || ' failures, ' || crashes || ' crashes' as run
      from runs where failures > 0 or crashes > 0 or state <> 'succeeded'`.execute(world.db)
    const outcomes = await outcomesOf(world)
    const slowest = quantile(
      exits.map(({ tookMs }) => tookMs),
      1,
    )
    const limitMs = graceSeconds * 1000 + EXIT_AFTER_GRACE_MS
    const odd = Object.keys(outcomes).filter((outcome) => outcome !== 'succeeded' && outcome !== 'given-back')
    const bad = exits.filter(({ code }) => code !== 0).map(({ code, signal }) => `${code ?? signal}`)
    const { 'given-back': back = 0 } = outcomes
    const figures = {
      stops: exits.length,
      'slowest exit': seconds(slowest),
      'runs given back': back,
      spent: rows.length,
    }
    const marks: Mark[] = [
      [bad.length === 0, `processes ended with ${bad.join(', ')}`],
      [
        rows.length === 0,
        rows
          .slice(0, 5)
          .map(({ run }) => run)
          .join('; '),
      ],
      [odd.length === 0, `attempts ended ${odd.join(', ')}`],
      [back > 0, 'no stop met a run that had to be given back: nothing was shown'],
    ]
    return verdict(figures, marks, [
      [(slowest ?? Infinity) <= limitMs, `an exit took ${seconds(slowest)}, grace is ${graceSeconds} s`],
    ])
  },
})

/** Some end within the grace, some do not, and some do not hear. */
function napsOf({ random }: World, runs: number, graceSeconds: number): RunRequest[] {
  return Array.from({ length: runs }, (_, index) => {
    const ms = Math.round(random.between(0.1, 1.5) * graceSeconds * 1000)
    return on(nap, { clientId: 'acme', name: `nap-${index}`, ms, deaf: index % 6 === 0 })
  })
}

type Exit = Ended & { tookMs: number }

/** Keeps three processes at work while they are stopped again and again, then lets the work end. */
async function stopAllAlong(
  world: World,
  { stops, requests }: { stops: number; requests: RunRequest[] },
  start: (roles: string) => Promise<NodeProcess>,
): Promise<Exit[]> {
  await planNightly(world, requests)
  const scheduler = await start('scheduler')
  let workers = await Promise.all(Array.from({ length: AT_ONCE + 1 }, () => start('worker')))
  const exits: Exit[] = []
  while (exits.length < stops) {
    await world.sleep(world.random.between(500, 2000))
    const stopped = workers.slice(0, AT_ONCE)
    const ends = stopped.map(stop)
    const fresh = Array.from({ length: AT_ONCE }, () => start('worker'))
    exits.push(...(await Promise.all(ends)))
    workers = [...workers.slice(AT_ONCE), ...(await Promise.all(fresh))]
    world.say(`${exits.length} of ${stops} stopped, ${await openRuns(world)} runs open`)
  }
  await world.until('every run has ended', SETTLE_MS, async () => (await openRuns(world)) === 0)
  await Promise.all([...workers, scheduler].map((node) => node.kill('SIGTERM')))
  return exits
}

async function stop(node: NodeProcess): Promise<Exit> {
  const startedAt = performance.now()
  const ended = await node.kill('SIGTERM')
  return { ...ended, tookMs: performance.now() - startedAt }
}

async function outcomesOf({ db }: World): Promise<Record<string, number>> {
  const { rows } = await sql<{ outcome: string; n: number }>`
    select coalesce(outcome, 'open') as outcome, count(*)::int as n from run_attempts group by 1`.execute(db)
  return Object.fromEntries(rows.map(({ outcome, n }) => [outcome, n]))
}
