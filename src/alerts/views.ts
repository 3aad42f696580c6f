import { sql } from 'kysely'
import { z } from 'zod'
import type { AnyDatabase } from '../db/database.ts'
import { defineCursor, pageOf, rowsToRead } from '../page.ts'

export const NOTICE_STATES = ['pending', 'sending', 'sent', 'failed', 'unknown'] as const

export type NoticeView = {
  channel: 'mail' | 'webhook'
  address: string
  state: (typeof NOTICE_STATES)[number]
  tries: number
  sentAt: string | null
  reply: string | null
}

export type AlertView = {
  id: string
  /** The name of its kind; one that this version does not know, where another raised it. */
  kind: string
  clientId: string | null
  /** What it is about. */
  subject: { kind: string; id: string }
  title: string
  message: string
  advice: string
  raisedAt: string
  resolvedAt: string | null
  /** How it went with each receiver; none: it is on the board only. */
  notices: NoticeView[]
}

export type AlertFilter = { open: boolean; client?: string | undefined; cursor?: string | undefined; limit: number }

const alertCursor = defineCursor(z.tuple([z.boolean(), z.iso.datetime(), z.guid()]))

/** Open alerts first, then the newest; in pages. Throws InputError `invalid-cursor`. */
export async function listAlerts(
  db: AnyDatabase,
  { open, client, cursor, limit }: AlertFilter,
): Promise<{ alerts: AlertView[]; nextCursor: string | null }> {
  let query = db
    .selectFrom('alerts as a')
    .select(['a.id', 'a.kind', 'a.client_id as clientId', 'a.title', 'a.message', 'a.advice'])
    .select(['a.raised_at as raisedAt', 'a.resolved_at as resolvedAt'])
    .select(sql<AlertView['subject']>`jsonb_build_object('kind', a.subject_kind, 'id', a.subject_id)`.as('subject'))
    .select(
      sql<NoticeView[]>`(
        select coalesce(jsonb_agg(jsonb_build_object('channel', n.channel, 'address', n.address, 'state', n.state, 'tries', n.tries,
          'sentAt', to_char(n.sent_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'reply', n.reply) order by n.channel, n.address), '[]')
        from alert_notices n where n.alert_id = a.id)`.as('notices'),
    )
    .orderBy(sql`a.resolved_at is not null`)
    .orderBy('a.raised_at', 'desc')
    .orderBy('a.id', 'desc')
    .limit(rowsToRead(limit))
  if (open) query = query.where('a.resolved_at', 'is', null)
  if (client !== undefined) query = query.where('a.client_id', '=', client)
  const after = alertCursor.read(cursor)
  if (after !== null) {
    const [isResolved, raisedAt, id] = after
    query = query.where(
      sql<boolean>`(a.resolved_at is not null, ${raisedAt}::timestamptz, ${id}::uuid) > (${isResolved}::boolean, a.raised_at, a.id)`,
    )
  }
  const rows: AlertView[] = await query.execute()
  const page = pageOf(rows, limit, ({ resolvedAt, raisedAt, id }) =>
    alertCursor.write([resolvedAt !== null, raisedAt, id]),
  )
  return { alerts: page.rows, nextCursor: page.nextCursor }
}

/** How many alerts in sight are open, up to `max`. */
export async function countOpenAlerts(db: AnyDatabase, max: number): Promise<number> {
  const open = db.selectFrom('alerts').select('id').where('resolved_at', 'is', null).limit(max)
  const row = await db
    .selectFrom(open.as('open'))
    .select((is) => is.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return row.count
}
