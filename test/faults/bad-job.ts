import { sql } from 'kysely'
import { on, type RunRequest } from '../../src/queues/index.ts'
import { given } from '../support/given.ts'
import { defineFault, type Mark, quantile, seconds, verdict } from './fault.ts'
import { planNightly } from './report-world.ts'
import { harms, nap } from './test-jobs.ts'
import type { World } from './world.ts'

type Size = { naps: number; rounds: number }

const NAP_MS = 50
/** A nap is asked for this often: the worker has time left, as it has at night. */
const EVERY_MS = 60
const TIMES_MAX = 2
const SETTLE_MS = 120_000

export const badJob = defineFault<Size>({
  name: 'bad-job',
  title: 'a job of the same queue and worker throws, runs out of memory, loops without end, or exits its process',
  mark: `other jobs' p95 from asked to done ≤ ${TIMES_MAX} × without it, none of them fails, the worker lives`,
  backends: ['postgres', 'redis'],
  servers: 'shared',
  alone: true,
  short: { naps: 60, rounds: 1 },
  long: { naps: 300, rounds: 3 },
  async run(world, { naps, rounds }) {
    await given.client(world.db)
    await world.startProgram('test-node.ts', { ROLES: 'scheduler' })
    const worker = await world.startProgram('test-node.ts', { ROLES: 'worker' })
    await ask(world, 10, 'warm-up', [])
    const figures: Record<string, string | number> = {}
    const times: Mark[] = []
    const quiet: number[] = []
    for (let round = 1; round <= rounds; round += 1) quiet.push(...(await ask(world, naps, `quiet-${round}`, [])))
    const quietP95 = quantile(quiet, 0.95) ?? 0
    figures['quiet p95'] = seconds(quietP95)
    for (const harm of harms) {
      const waits: number[] = []
      for (let round = 1; round <= rounds; round += 1) {
        const name = `${harm.name}-${round}`
        const bad = on(harm, { clientId: 'acme', name, ms: 0, deaf: false })
        waits.push(...(await ask(world, naps, name, [bad])))
      }
      const p95 = quantile(waits, 0.95) ?? Infinity
      const share = p95 / quietP95
      world.say(`${harm.name}: p95 ${seconds(p95)}`)
      figures[harm.name] = `${share.toFixed(1)} ×`
      times.push([share <= TIMES_MAX, `beside ${harm.name} the others took ${share.toFixed(1)} × as long`])
    }
    const { rows } = await sql<{ run: string }>`
      select key || ' ' || state || ' ' || crashes as run from runs
      where job = 'nap' and (state <> 'succeeded' or crashes > 0 or failures > 0)`.execute(world.db)
    const harmed = rows
      .slice(0, 5)
      .map(({ run }) => run)
      .join('; ')
    const marks: Mark[] = [
      [rows.length === 0, `harmed: ${harmed}`],
      [worker.isAlive(), 'the worker died'],
    ]
    return verdict(figures, marks, times)
  },
})

/**
 * Asks for naps one after the other beside bad runs; how long each took from being asked for to its end, once all have
 * ended.
 */
async function ask(world: World, naps: number, name: string, bad: RunRequest[]): Promise<number[]> {
  await planNightly(world, bad)
  for (let index = 0; index < naps; index += 1) {
    await planNightly(world, [on(nap, { clientId: 'acme', name: `${name}-nap-${index}`, ms: NAP_MS, deaf: false })])
    await world.sleep(EVERY_MS)
  }
  const timesOf = async () => {
    const { rows } = await sql<{ took: number }>`
      select extract(epoch from finished_at - planned_at)::float8 * 1000 as took from runs
      where job = 'nap' and key like ${`acme.${name}-nap-%`} and state = 'succeeded'`.execute(world.db)
    return rows.map(({ took }) => took)
  }
  await world.until(`the jobs beside ${name} ended`, SETTLE_MS, async () => (await timesOf()).length === naps)
  return timesOf()
}
