import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { SystemDatabase, SystemTransaction } from '../db/database.ts'
import { type Registry, readWaitingQueues } from '../queues/for-jobs.ts'
import { sqlFile } from '../sql.ts'
import { MINUTE_MS, SECOND_MS } from '../time.ts'
import type { AlertKind, AlertWords, Noticed, Sweep } from './alert-kind.ts'
import { type Raised, type Telling, tellReceivers } from './tell.ts'

export type AlertOptions = Telling & {
  db: SystemDatabase
  kinds: readonly AlertKind[]
  registry: Registry
  /** A queue in which a run has waited longer is old. */
  queueAgeMs: number
}

const insertNew = sqlFile<{ id: string }>(import.meta.dirname, 'insert.sql')

/** One sweep at a time, whoever sweeps: the others find nothing left. Any number that nobody else takes. */
const LOCK_ID = 7_203_115

/**
 * Notices what a person should know, once, and sends it on its way: alerts, their notices and the runs that post them
 * commit together, so that a process that dies in here has done nothing. Closes alerts whose cause is gone. `isSteady`:
 * signs of life can be trusted. Returns how many alerts were new.
 */
export async function raiseAlerts(options: AlertOptions, isSteady: boolean): Promise<number> {
  return options.db.transaction().execute(async (tx) => {
    const { rows } = await sql<{ mine: boolean }>`select pg_try_advisory_xact_lock(${LOCK_ID}) as mine`.execute(tx)
    if (rows[0]?.mine !== true) return 0
    const { kinds, queueAgeMs } = options
    const timeoutsS = timeoutsOf(options.registry)
    const sweep = { isSteady, timeoutsS, queueAgeMs, waiting: await readWaitingQueues(tx) }
    await closeAlerts(tx, kinds, sweep)
    const raised: Raised[] = []
    for (const kind of kinds) raised.push(...(await insertAlerts(tx, kind, await kind.find(tx, sweep))))
    await tellReceivers(tx, options, raised)
    return raised.length
  })
}

function timeoutsOf(registry: Registry): Record<string, number> {
  return Object.fromEntries([...registry.values()].map(({ name, timeoutMs }) => [name, timeoutMs / SECOND_MS]))
}

/** Those of a kind that only another version knows are left to it. Reads alerts_open. */
async function closeAlerts(tx: SystemTransaction, kinds: readonly AlertKind[], sweep: Sweep): Promise<void> {
  const over = kinds.map((kind) => sql`when ${kind.name} then ${kind.isOver(sweep)}`)
  await sql`
    update alerts a set resolved_at = now()
    where a.resolved_at is null and case a.kind ${sql.join(over, sql` `)} else false end`.execute(tx)
}

async function insertAlerts(tx: SystemTransaction, kind: AlertKind, found: Noticed[]): Promise<Raised[]> {
  if (found.length === 0) return []
  const news = kind.isOneAtATime ? firstOfEach(found) : found
  const raised = new Map(news.map((noticed) => [randomUUID() as string, { kind, noticed }]))
  const alerts = [...raised].map(([id, { noticed }]) => ({ id, ...noticed, ...wordsOf(kind, noticed) }))
  const rows = await insertNew(tx, [kind.name, kind.subject, kind.isOneAtATime, JSON.stringify(alerts)])
  return rows.flatMap(({ id }) => {
    const { noticed } = raised.get(id) ?? {}
    return noticed === undefined ? [] : [{ id, kind, noticed }]
  })
}

/** The first episode of each subject. */
function firstOfEach(found: Noticed[]): Noticed[] {
  const subjects = Map.groupBy(found, ({ clientId, subjectId }) => JSON.stringify([clientId, subjectId]))
  return [...subjects.values()].flatMap((episodes) => episodes.slice(0, 1))
}

/** The words of an alert, with the place of the runbook that says more. */
export function wordsOf<Row extends Noticed>(
  kind: AlertKind<string, Row>,
  noticed: Row,
): Required<Omit<AlertWords, 'runbook'>> {
  const { title, message, advice, runbook = kind.runbook } = kind.words(noticed)
  return { title, message, advice: runbook === null ? advice : `${advice} Runbook: docs/runbook.md#${runbook}` }
}

/**
 * A sweep that was away for longer has missed signs of life, and waits a minute for them before it calls anybody
 * silent.
 */
const AWAY_AFTER_MS = 30 * SECOND_MS

/** A sweep to be done every few seconds by whoever schedules. */
export function watchAlerts(options: AlertOptions): () => Promise<void> {
  let sweptAt: number | null = null
  let steadySince = performance.now()
  return async () => {
    const now = performance.now()
    if (sweptAt === null || now - sweptAt > AWAY_AFTER_MS) steadySince = now
    await raiseAlerts(options, now - steadySince >= MINUTE_MS)
    sweptAt = performance.now()
  }
}
