import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { sql } from 'kysely'
import type { Database } from '../../db/database.ts'
import type { Log } from '../../log.ts'
import { type Clock, SECOND_MS } from '../../time.ts'
import { createLoop } from '../loop.ts'
import { planLostRuns, type SeenRun } from '../queue/plan-lost-runs.ts'
import { CLOCK_SKEW_MAX_MS } from '../queue/rescue-stalled.ts'
import type { WorkerSet } from './work.ts'

/** A process that works: it gives signs of life, hears of cancels, and stands back while its clock is off. */
export type WorkNode = {
  id: string
  start(): Promise<void>
  /** null while this node may work; else the reason it refuses to. */
  refusal(): string | null
  checkClock(): Promise<string | null>
  /** Gives running work `graceMs`, then gives it back. */
  close(graceMs: number): Promise<void>
}

export type WorkNodeOptions = {
  database: Database
  clock: Clock
  log: Log
  /** Names of the jobs it knows, for nodes of other versions. */
  jobs: readonly string[]
  startWorkers(nodeId: string): WorkerSet
  /** Gives back the jobs of nodes that fell silent; called while this node's clock is right. */
  rescueStalled(): Promise<void>
}

const HEARTBEAT_EVERY_MS = SECOND_MS

export function createWorkNode(options: WorkNodeOptions): WorkNode {
  const { database, clock, log, jobs, startWorkers } = options
  const id = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`
  let workers: WorkerSet | null = null
  let refusal: string | null = null
  let isClosing = false

  const heart = createLoop('heartbeat', HEARTBEAT_EVERY_MS, log, async () => {
    const before = refusal
    refusal = await beat(database, { id, jobs }, clock)
    sayChange(log, before, refusal)
    // The heart beats on while work is given back, or its runs would be orphans; it starts nothing any more.
    if (isClosing) return
    if (refusal !== null || workers?.isBroken() === true) return standBack()
    workers ??= startWorkers(id)
    for (const runId of await cancelRequests(database, id)) workers.stopRun(runId, 'cancel')
    await takeBackForgotten(database, id, workers.runningIds())
    await options.rescueStalled()
  })

  async function standBack(): Promise<void> {
    if (workers === null) return
    const stopping = workers
    workers = null
    await stopping.close(0, false)
  }

  return {
    id,
    refusal: () => refusal,
    checkClock: () => beat(database, { id, jobs }, clock),
    async start() {
      await heart.run()
      heart.start()
    },
    async close(graceMs) {
      isClosing = true
      await workers?.close(graceMs, true)
      await heart.stop()
      await database.system.deleteFrom('nodes').where('id', '=', id).execute()
    },
  }
}

/** Says once that the node stands back, and once that it works again. */
function sayChange(log: Log, before: string | null, now: string | null): void {
  if (before === null && now !== null) log.error(`this node does not work: ${now}`)
  if (before !== null && now === null) log.warn("this node works again: its clock agrees with the database's")
}

/** Gives a sign of life. Returns why this node may not work, or null. */
async function beat(
  database: Database,
  node: { id: string; jobs: readonly string[] },
  clock: Clock,
): Promise<string | null> {
  const sentAt = clock().epochMilliseconds
  const row = await database.system
    .insertInto('nodes')
    .values({ id: node.id, jobs: [...node.jobs] })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ seen_at: sql`now()` }))
    .returning(sql<number>`(extract(epoch from clock_timestamp()) * 1000)::double precision`.as('now_ms'))
    .executeTakeFirstOrThrow()
  const receivedAt = clock().epochMilliseconds
  // The database read its clock somewhere between the two; only what lies outside both is skew.
  const skewMs = Math.max(sentAt - row.now_ms, row.now_ms - receivedAt, 0)
  if (skewMs <= CLOCK_SKEW_MAX_MS) return null
  return `its clock differs from the database's by ${(skewMs / SECOND_MS).toFixed(1)} s; set the clock (NTP) and it resumes by itself`
}

async function cancelRequests(database: Database, node: string): Promise<string[]> {
  const rows = await database.system
    .selectFrom('runs')
    .select('id')
    .where('node', '=', node)
    .where('state', '=', 'running')
    .where('cancel_requested_at', 'is not', null)
    .execute()
  return rows.map((row) => row.id)
}

/** A claim is known to its node within moments; one that is not after this long has been forgotten. */
const FORGOTTEN_AFTER_S = 15

/**
 * Plans runs again that the ledger believes to be at work here and that nobody here works on: their end could not be
 * written, or the answer to their claim was lost.
 */
async function takeBackForgotten(database: Database, node: string, runningIds: string[]): Promise<void> {
  const { rows } = await sql<SeenRun>`
    select id, state, attempt from runs
    where node = ${node} and state = 'running' and not id = any(${runningIds}::uuid[])
      and started_at < now() - make_interval(secs => ${FORGOTTEN_AFTER_S})`.execute(database.system)
  if (rows.length > 0) await planLostRuns(database.system, rows)
}
