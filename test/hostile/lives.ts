import type { NodeProcess } from '../faults/node-process.ts'
import type { World } from '../faults/world.ts'
import { askerOf } from './ask.ts'
import { keyOf, OURS } from './visitors.ts'

const LIVES_WITHIN_MS = 60_000
const RUN_WITHIN_MS = 90_000

/** Throws when the process has ended, or its board answers nobody any more. `what` is what was done to it. */
export async function checkLives(world: World, node: NodeProcess, what: string): Promise<void> {
  if (!node.isAlive()) throw new Error(`the process ended after ${what}`)
  const ask = askerOf(node.url())
  try {
    await world.until(`/livez answers after ${what}`, LIVES_WITHIN_MS, async () => {
      if (!node.isAlive()) throw new Error(`the process ended after ${what}`)
      return (await ask({ path: '/livez' })).status === 200
    })
  } finally {
    ask.close()
  }
}

/** Throws when scheduler and worker of a process do not do a run any more. */
export async function checkWorks(world: World, node: NodeProcess, what: string): Promise<void> {
  await checkLives(world, node, what)
  const { headers } = await keyOf({ database: world.database, url: node.url() }, 'operator', OURS)
  const ask = askerOf(node.url())
  try {
    const body = JSON.stringify({ clientId: OURS, day: '2026-03-02' })
    const path = '/api/jobs/roll-up-day/runs'
    const type = { 'Content-Type': 'application/json' }
    const request = () => ask({ method: 'POST', path, headers: { ...headers, ...type }, body })
    let { status, text } = await request()
    // What was done to it may have used up what this address may ask for in a second.
    await world.until(`a run is asked for after ${what}`, LIVES_WITHIN_MS, async () => {
      if (status === 429) ({ status, text } = await request())
      return status !== 429
    })
    if (status !== 202) throw new Error(`after ${what} a run is answered ${status}: ${text.slice(0, 200)}`)
    const { runId } = JSON.parse(text) as { runId: string }
    await world.until(`a run is done after ${what}`, RUN_WITHIN_MS, async () => {
      const run = await world.db.selectFrom('runs').select('state').where('id', '=', runId).executeTakeFirst()
      return run?.state === 'succeeded'
    })
  } finally {
    ask.close()
  }
}

/** The settings of a program that keeps its files in a folder and asks nobody to slow down. */
export const FAST = { S3_BUCKET: '', REQUESTS_PER_SECOND: '10000' }
