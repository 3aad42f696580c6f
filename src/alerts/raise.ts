import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { AnyTransaction, SystemDatabase } from '../db/database.ts'
import { type AnyJob, planRuns, type Registry, readWaitingQueues, type WaitingQueue } from '../queues/for-jobs.ts'
import { sqlFile } from '../sql.ts'
import { MINUTE_MS, SECOND_MS } from '../time.ts'
import { type AlertWords, type Found, queueWords, wordsOf } from './words.ts'

/** Somebody who is told. A webhook's address is where it leads, without the rest of it, which may hold a secret. */
export type Receiver = { channel: 'mail' | 'webhook'; address: string }

export type AlertOptions = {
  db: SystemDatabase
  registry: Registry
  receivers: readonly Receiver[]
  /** A queue in which a run has waited longer is old. */
  queueAgeMs: number
  /** The job that tells the alerts of one post: payload { postId }. What becomes of its own runs is told on the board only. */
  postAlert: AnyJob
  /** Who else hears that a run failed for good: the owner of what it was for. */
  ownersOf(tx: AnyTransaction, runIds: readonly string[]): Promise<{ runId: string; address: string }[]>
}

const findAlerts = sqlFile<Found>(import.meta.dirname, 'find.sql')
const resolveAlerts = sqlFile<{ id: string }>(import.meta.dirname, 'resolve.sql')
const unpostedNotices = sqlFile<Unposted>(import.meta.dirname, 'unposted-notices.sql')

type Unposted = Receiver & { alertIds: string[]; posts: number; grouped: boolean }

/** One sweep at a time, whoever sweeps: the others find nothing left. Any number that nobody else takes. */
const LOCK_ID = 7_203_115
/** Alerts of one kind that one sweep raises; the next takes the rest. */
const SWEEP_MAX = 1000
/** More alerts at once than this, or more posts in ten minutes, and a receiver gets one post about all of them, every ten minutes. */
const SINGLE_MAX = 5
const POSTS_MAX = 10
const POSTS_WITHIN_S = 600

/**
 * Notices what a person should know, once, and sends it on its way: alerts, their notices and the runs that post them commit together,
 * so that a process that dies in here has done nothing. Closes alerts whose cause is gone. `steady`: signs of life can be trusted.
 * Returns how many alerts were new.
 */
export async function raiseAlerts(options: AlertOptions, steady: boolean): Promise<number> {
  return options.db.transaction().execute(async (tx) => {
    const { rows } = await sql<{ mine: boolean }>`select pg_try_advisory_xact_lock(${LOCK_ID}) as mine`.execute(tx)
    if (rows[0]?.mine !== true) return 0
    const waiting = await readWaitingQueues(tx)
    const isOlder = (ms: number) => waiting.filter(({ seconds }) => seconds * SECOND_MS > ms)
    await resolveAlerts(tx, [isOlder(options.queueAgeMs / 2).map(({ queue }) => queue)])
    const found = await findAlerts(tx, [timeoutsOf(options.registry), steady, SWEEP_MAX])
    const runAlerts = found.map((each) => ({ ...each, ...wordsOf(each) }))
    const queueAlerts = steady ? await withoutOpenAlert(tx, isOlder(options.queueAgeMs)) : []
    const raised = await insertAlerts(tx, [...runAlerts, ...queueAlerts])
    await noteReceivers(tx, options, raised, new Map(found.map(({ runId, job }) => [runId, job])))
    await post(tx, options.postAlert)
    return raised.length
  })
}

function timeoutsOf(registry: Registry): string {
  return JSON.stringify(
    Object.fromEntries([...registry.values()].map(({ name, timeoutMs }) => [name, timeoutMs / 1000])),
  )
}

type NewAlert = AlertWords & { kind: string; subject: string; clientId: string | null; runId: string | null }

/** One alert per episode: while one is open, the queue's next oldest run is no news. */
async function withoutOpenAlert(tx: AnyTransaction, old: WaitingQueue[]): Promise<NewAlert[]> {
  if (old.length === 0) return []
  const open = await tx
    .selectFrom('alerts')
    .select('subject')
    .where('kind', '=', 'queue-old')
    .where('resolved_at', 'is', null)
    .execute()
  const known = new Set(open.map(({ subject }) => subject.split('.', 1)[0]))
  return old
    .filter(({ queue }) => !known.has(queue))
    .map((waiting) => ({
      kind: 'queue-old',
      subject: `${waiting.queue}.${waiting.since}`,
      clientId: null,
      runId: null,
      ...queueWords(waiting),
    }))
}

type Raised = { id: string; kind: string; run_id: string | null }

async function insertAlerts(tx: AnyTransaction, alerts: NewAlert[]): Promise<Raised[]> {
  if (alerts.length === 0) return []
  const { rows } = await sql<Raised>`
    insert into alerts (kind, subject, client_id, run_id, title, message, advice)
    select kind, subject, "clientId", "runId", title, message, advice
    from jsonb_to_recordset(${JSON.stringify(alerts)}::jsonb) as g
      (kind text, subject text, "clientId" text, "runId" uuid, title text, message text, advice text)
    on conflict (kind, subject) do nothing
    returning id, kind, run_id`.execute(tx)
  return rows
}

async function noteReceivers(
  tx: AnyTransaction,
  { receivers, ownersOf, postAlert }: AlertOptions,
  raised: Raised[],
  jobs: ReadonlyMap<string, string>,
): Promise<void> {
  // A receiver that cannot be reached must not be told so.
  const told = raised.filter(({ run_id }) => run_id === null || jobs.get(run_id) !== postAlert.name)
  const failed = told.filter(({ kind }) => kind === 'run-failed')
  const owners =
    failed.length === 0
      ? []
      : await ownersOf(
          tx,
          failed.map(({ run_id }) => run_id ?? ''),
        )
  const notices = [
    ...told.flatMap(({ id }) => receivers.map((receiver) => ({ alert_id: id, ...receiver }))),
    ...failed.flatMap(({ id, run_id }) =>
      owners
        .filter(({ runId }) => runId === run_id)
        .map(({ address }) => ({ alert_id: id, channel: 'mail', address: address.trim().toLowerCase() })),
    ),
  ]
  if (notices.length === 0) return
  await sql`
    insert into alert_notices (alert_id, channel, address)
    select alert_id, channel, address
    from jsonb_to_recordset(${JSON.stringify(notices)}::jsonb) as g (alert_id uuid, channel text, address text)
    on conflict do nothing`.execute(tx)
}

/** Puts what each receiver is to hear into posts: one an alert, or one for all of them in a storm. What must wait is left for later. */
async function post(tx: AnyTransaction, postAlert: AnyJob): Promise<void> {
  const posts = (await unpostedNotices(tx, [POSTS_WITHIN_S])).flatMap(({ channel, address, alertIds, ...recent }) =>
    postsOf(alertIds, recent).map((ids) => ({ postId: randomUUID(), channel, address, alertIds: ids })),
  )
  if (posts.length === 0) return
  await sql`
    update alert_notices n set post_id = g."postId", posted_at = now()
    from jsonb_to_recordset(${JSON.stringify(posts)}::jsonb) as g
      ("postId" uuid, channel text, address text, "alertIds" jsonb)
    where n.channel = g.channel and n.address = g.address and n.post_id is null
      and n.alert_id in (select id::uuid from jsonb_array_elements_text(g."alertIds") as id)`.execute(tx)
  const options = { origin: 'follow-up', requestedBy: 'alerts', priority: 1 } as const
  await planRuns(
    tx,
    posts.map(({ postId }) => ({ request: { job: postAlert, payload: { postId } }, options })),
  )
}

/** Which alerts go together; none now, when a receiver heard of many moments ago. */
export function postsOf(alertIds: string[], recent: { posts: number; grouped: boolean }): string[][] {
  if (alertIds.length <= SINGLE_MAX && recent.posts + alertIds.length <= POSTS_MAX) return alertIds.map((id) => [id])
  return recent.grouped ? [] : [alertIds]
}

/** A sweep that was away for longer has missed signs of life, and waits a minute for them before it calls anybody silent. */
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
