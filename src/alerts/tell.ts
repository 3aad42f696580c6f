import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { SystemTransaction } from '../db/database.ts'
import { type AnyJob, planRuns } from '../queues/for-jobs.ts'
import { sqlFile } from '../sql.ts'
import type { AlertKind, Noticed } from './alert-kind.ts'

/** Somebody who is told. A webhook's address is where it leads, without the rest of it, which may hold a secret. */
export type Receiver = { channel: 'mail' | 'webhook'; address: string }

/** The addresses of the owners of things, by the things' ids. */
export type OwnersOf = (tx: SystemTransaction, ids: readonly string[]) => Promise<{ id: string; address: string }[]>

/** Who is told, and how. */
export type Telling = {
  receivers: readonly Receiver[]
  /**
   * The job that tells the alerts of one post: payload { postId }. What becomes of its own runs is told on the board
   * only.
   */
  postAlert: AnyJob
  /** How the owners of a subject are found, by the kind of subject. */
  owners: Readonly<Record<string, OwnersOf>>
}

/** An alert that is new, and what it was made of. */
export type Raised = { id: string; kind: AlertKind; noticed: Noticed }

const unpostedNotices = sqlFile<Unposted>(import.meta.dirname, 'unposted-notices.sql')
type Unposted = Receiver & { alertIds: string[]; posts: number; grouped: boolean }

/**
 * More alerts at once than this, or more posts in ten minutes, and a receiver gets one post about all of them, every
 * ten minutes.
 */
const SINGLE_MAX = 5
const POSTS_MAX = 10
const POSTS_WITHIN_S = 600

/** Notes who is to hear of new alerts, and plans the runs that post them. What must wait is left for a later sweep. */
export async function tellReceivers(tx: SystemTransaction, telling: Telling, raised: Raised[]): Promise<void> {
  // A receiver that cannot be reached must not be told so.
  const told = raised.filter(({ noticed }) => noticed.job !== telling.postAlert.name)
  await insertNotices(tx, [
    ...told.flatMap(({ id }) => telling.receivers.map((receiver) => ({ alert_id: id, ...receiver }))),
    ...(await noticesOfOwners(tx, telling, told)),
  ])
  await post(tx, telling.postAlert)
}

type Notice = Receiver & { alert_id: string }

async function noticesOfOwners(tx: SystemTransaction, { owners }: Telling, told: Raised[]): Promise<Notice[]> {
  const theirs = Map.groupBy(
    told.filter(({ kind }) => kind.tellsOwners),
    ({ kind }) => kind.subject,
  )
  const notices: Notice[] = []
  for (const [subject, same] of theirs) {
    const found = await owners[subject]?.(
      tx,
      same.map(({ noticed }) => noticed.subjectId),
    )
    const addresses = Map.groupBy(found ?? [], ({ id }) => id)
    for (const { id, noticed } of same) {
      const own = addresses.get(noticed.subjectId) ?? []
      notices.push(
        ...own.map(({ address }) => ({
          alert_id: id,
          channel: 'mail' as const,
          address: address.trim().toLowerCase(),
        })),
      )
    }
  }
  return notices
}

async function insertNotices(tx: SystemTransaction, notices: Notice[]): Promise<void> {
  if (notices.length === 0) return
  await sql`
    insert into alert_notices (alert_id, channel, address)
    select alert_id, channel, address
    from jsonb_to_recordset(${JSON.stringify(notices)}::jsonb) as g (alert_id uuid, channel text, address text)
    on conflict do nothing`.execute(tx)
}

/** Puts what each receiver is to hear into posts: one an alert, or one for all of them in a storm. */
async function post(tx: SystemTransaction, postAlert: AnyJob): Promise<void> {
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
