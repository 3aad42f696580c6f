import { sql } from 'kysely'
import type { AnyTransaction, SystemDatabase } from '../db/database.ts'
import { PermanentError } from '../errors.ts'

/** One mail or call to one receiver about one alert, or several that came at once. */
export type AlertPost = {
  id: string
  channel: 'mail' | 'webhook'
  address: string
  state: string
  /** How often it was tried, this time not counted. */
  tries: number
  reply: string | null
  messageId: string | null
  messageDate: string | null
  /** Oldest first. */
  alerts: PostedAlert[]
}

export type PostedAlert = {
  id: string
  kind: string
  clientId: string | null
  subject: { kind: string; id: string }
  title: string
  message: string
  advice: string
  raisedAt: string
  resolvedAt: string | null
}

export async function readAlertPost(db: SystemDatabase, postId: string): Promise<AlertPost> {
  const rows = await db
    .selectFrom('alert_notices as n')
    .innerJoin('alerts as a', 'a.id', 'n.alert_id')
    .select(['n.channel', 'n.address', 'n.state', 'n.tries', 'n.reply', 'n.message_id', 'n.message_date'])
    .select(['a.id', 'a.kind', 'a.client_id as clientId', 'a.title', 'a.message', 'a.advice'])
    .select(sql<PostedAlert['subject']>`jsonb_build_object('kind', a.subject_kind, 'id', a.subject_id)`.as('subject'))
    .select(['a.raised_at as raisedAt', 'a.resolved_at as resolvedAt'])
    .where('n.post_id', '=', postId)
    .orderBy('a.raised_at')
    .orderBy('a.id')
    .execute()
  const [first] = rows
  if (!first) throw new PermanentError('unknown-post', `there is no alert left to tell as ${postId}; it was deleted`)
  const alerts = rows.map(({ id, kind, clientId, subject, title, message, advice, raisedAt, resolvedAt }) => ({
    id,
    kind,
    clientId,
    subject,
    title,
    message,
    advice,
    raisedAt,
    resolvedAt,
  }))
  const { address, state, tries, reply, message_id: messageId, message_date: messageDate } = first
  const channel = first.channel === 'webhook' ? 'webhook' : 'mail'
  return { id: postId, channel, address, state, tries, reply, messageId, messageDate, alerts }
}

/** The notices of a post go the same way. */
export async function updateAlertPost(
  tx: AnyTransaction,
  post: AlertPost,
  change: Record<string, unknown>,
): Promise<void> {
  await tx.updateTable('alert_notices').set(change).where('post_id', '=', post.id).execute()
}

/** Says whether it did: the worker that was believed dead may have told meanwhile that the server took the mail. */
export async function updateUnlessSent(
  tx: AnyTransaction,
  post: AlertPost,
  change: Record<string, unknown>,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('alert_notices')
    .set(change)
    .where('post_id', '=', post.id)
    .where('state', '<>', 'sent')
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/** What became of one mail of a post whose fate nobody knew; a later mail of it has another Message-ID, and a fate of its own. */
export async function noteLateAnswer(
  tx: AnyTransaction,
  post: AlertPost,
  messageId: string,
  change: Record<string, unknown>,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('alert_notices')
    .set(change)
    .where('post_id', '=', post.id)
    .where('message_id', '=', messageId)
    .where('state', 'in', ['sending', 'unknown'])
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

export async function databaseNow(db: SystemDatabase): Promise<string> {
  const { rows } = await sql<{ now: string }>`select date_trunc('second', now()) as now`.execute(db)
  return rows[0]?.now ?? ''
}
