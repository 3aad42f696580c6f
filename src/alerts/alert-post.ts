import { sql } from 'kysely'
import type { AnyTransaction, SystemDatabase } from '../db/database.ts'
import { PermanentError } from '../errors.ts'
import { type Identity, type SendChange, type SendRecord, type SendRows, sendColumns } from '../mail/send-once.ts'

/** One mail or call to one receiver about one alert, or several that came at once. */
export type AlertPost = {
  id: string
  channel: 'mail' | 'webhook'
  address: string
  state: SendRecord['state']
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

/** The notices of a post, which go the same way. */
export function rowsOf(post: AlertPost): SendRows<AnyTransaction> {
  const notices = (tx: AnyTransaction) => tx.updateTable('alert_notices').where('post_id', '=', post.id)
  const columnsOf = (change: SendChange) => ({
    ...sendColumns(change),
    ...(change.state === 'sending' && { tries: tryOf(post, change) }),
  })
  return {
    async write(tx, change) {
      await notices(tx).set(columnsOf(change)).execute()
    },
    async writeUnlessSent(tx, change) {
      const { numUpdatedRows } = await notices(tx)
        .set(columnsOf(change))
        .where('state', '<>', 'sent')
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },
    async writeLate(tx, messageId, change) {
      const { numUpdatedRows } = await notices(tx)
        .set(columnsOf(change))
        .where('message_id', '=', messageId)
        .where('state', 'in', ['sending', 'unknown'])
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },
  }
}

/** Which try this is since a person last asked for it. */
export function tryOf(post: AlertPost, { isNew }: Identity): number {
  return isNew ? 1 : post.tries + 1
}
