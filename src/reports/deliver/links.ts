import { createHash, randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { ClientDatabase, SystemDatabase } from '../../db/database.ts'
import type { ReportFormat } from '../document.ts'

/** What a mailed link leads to. */
export type LinkTarget = {
  clientId: string
  executionId: string
  format: ReportFormat
  objectKey: string
  fileName: string
  mediaType: string
  sizeBytes: number
}

/** The database keeps hashes only: who reads it can follow no link. */
function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

function newToken(): string {
  return randomBytes(24).toString('base64url')
}

/** Makes a link to one file of an execution; returns the token that `/d/:token` takes. */
export async function issueDownloadLink(
  db: ClientDatabase,
  link: { clientId: string; executionId: string; format: ReportFormat; deliveryId: string | null; ttlDays: number },
): Promise<string> {
  const token = newToken()
  await db
    .insertInto('download_links')
    .values({
      client_id: link.clientId,
      token_hash: hashOf(token),
      execution_id: link.executionId,
      format: link.format,
      delivery_id: link.deliveryId,
      expires_at: sql`now() + make_interval(days => ${link.ttlDays})`,
    })
    .execute()
  return token
}

/**
 * Follows a link and counts the download. `expired` covers revoked ones; `unknown` those never issued or whose report
 * is gone.
 */
export async function followDownloadLink(
  db: SystemDatabase,
  token: string,
): Promise<LinkTarget | 'expired' | 'unknown'> {
  const link = await db
    .selectFrom('download_links as l')
    .innerJoin('execution_files as f', (join) =>
      join
        .onRef('f.client_id', '=', 'l.client_id')
        .onRef('f.execution_id', '=', 'l.execution_id')
        .onRef('f.format', '=', 'l.format'),
    )
    .select([
      'l.client_id as clientId',
      'l.execution_id as executionId',
      'f.object_key as objectKey',
      'f.file_name as fileName',
      'f.media_type as mediaType',
      'f.size_bytes as sizeBytes',
      sql<ReportFormat>`l.format`.as('format'),
      sql<boolean>`l.expires_at > now() and l.revoked_at is null`.as('valid'),
    ])
    .where('l.token_hash', '=', hashOf(token))
    .executeTakeFirst()
  if (!link) return 'unknown'
  if (!link.valid) return 'expired'
  await db
    .updateTable('download_links')
    .set({ downloads: sql`downloads + 1` })
    .where('token_hash', '=', hashOf(token))
    .execute()
  const { valid: _valid, ...target } = link
  return target
}

/** Which links: those to one report, or the one that a mail has. */
export type LinksMeant = { executionId: string } | { token: string }

/** Ends links at once. Returns of whose client they were and how many ended now; an empty list: no link is meant. */
export async function revokeDownloadLinks(
  db: SystemDatabase,
  links: LinksMeant,
): Promise<{ clientId: string; executionId: string; revoked: number }[]> {
  const meant =
    'token' in links
      ? sql<boolean>`token_hash = ${hashOf(links.token)}`
      : sql<boolean>`execution_id = ${links.executionId}::uuid`
  const { rows } = await sql<{ clientId: string; executionId: string; revoked: number }>`
    with ended as (update download_links set revoked_at = now() where ${meant} and revoked_at is null returning token_hash)
    select l.client_id as "clientId", l.execution_id as "executionId",
      count(*) filter (where l.token_hash in (select token_hash from ended))::integer as revoked
    from download_links l where ${meant} group by 1, 2`.execute(db)
  return rows
}

/** Gives one recipient's copy an unsubscribe token; `/u/:token` takes it. A later one replaces it. */
export async function issueUnsubscribeToken(
  db: ClientDatabase,
  copy: { clientId: string; deliveryId: string },
): Promise<string> {
  const token = newToken()
  await db
    .updateTable('deliveries')
    .set({ unsubscribe_hash: hashOf(token) })
    .where('client_id', '=', copy.clientId)
    .where('id', '=', copy.deliveryId)
    .execute()
  return token
}

export type Unsubscription = { clientId: string; clientName: string; report: string; done: boolean }

/**
 * What a token would unsubscribe from; null for one that was never issued. Changes nothing: GET must not unsubscribe.
 */
export async function findUnsubscription(db: SystemDatabase, token: string): Promise<Unsubscription | null> {
  const row = await unsubscriptionOf(db, token).executeTakeFirst()
  return row ? { clientId: row.clientId, clientName: row.clientName, report: row.report, done: row.done } : null
}

/** Unsubscribes the recipient from the schedule of the report; twice is the same as once. */
export async function unsubscribe(db: SystemDatabase, token: string): Promise<Unsubscription | null> {
  const row = await unsubscriptionOf(db, token).executeTakeFirst()
  if (!row) return null
  await db
    .updateTable('schedule_recipients')
    .set({ unsubscribed_at: sql`now()` })
    .where('client_id', '=', row.clientId)
    .where('schedule_id', '=', row.scheduleId)
    .where('address', '=', row.address)
    .where('unsubscribed_at', 'is', null)
    .execute()
  return { clientId: row.clientId, clientName: row.clientName, report: row.report, done: true }
}

/** Whoever is no recipient any more gets no more of it either. */
function unsubscriptionOf(db: SystemDatabase, token: string) {
  return db
    .selectFrom('deliveries as d')
    .innerJoin('executions as e', (join) =>
      join.onRef('e.client_id', '=', 'd.client_id').onRef('e.id', '=', 'd.execution_id'),
    )
    .innerJoin('clients as c', 'c.id', 'd.client_id')
    .select(['d.client_id as clientId', 'c.name as clientName', 'e.report', 'd.address', 'e.schedule_id as scheduleId'])
    .select(
      sql<boolean>`not exists (select from schedule_recipients r where r.client_id = d.client_id and r.address = d.address
        and r.schedule_id = e.schedule_id and r.unsubscribed_at is null)`.as('done'),
    )
    .where('d.unsubscribe_hash', '=', hashOf(token))
}
