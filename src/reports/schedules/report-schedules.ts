import { sql } from 'kysely'
import type { AnyDatabase, SystemTransaction } from '../../db/database.ts'
import type { ReportFormat } from '../document.ts'

/** Who gets a scheduled report, and as what. */
export type Recipient = { address: string; formats: ReportFormat[] }

/** A report that is sent again and again: what its row of `schedules` says, and who gets it. */
export type ReportScheduleView = {
  clientId: string
  name: string
  /** Its row in `schedules`. */
  scheduleId: string
  cron: string
  zone: string
  ownerAddress: string | null
  /** report, period, formats and what narrows it down. */
  asked: Record<string, unknown>
  recipients: (Recipient & { unsubscribedAt: string | null })[]
}

/** What the audit log says of it: who gets it is no business of the log, how many do is. */
export function auditedSchedule(view: ReportScheduleView | null) {
  if (view === null) return null
  const { asked, cron, zone, recipients } = view
  return { ...asked, cron, zone, recipients: recipients.length }
}

/** What a report's schedule may be called. */
export const SCHEDULE_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/

/** The schedule of a client's report of this name; its name is the client's own. */
export function reportScheduleId(clientId: string, name: string): string {
  return `report.${clientId}.${name}`
}

/**
 * Makes these the recipients, and nobody else; one who is named twice gets the formats of both. Who has unsubscribed
 * and is named stays unsubscribed. Twice is the same as once.
 */
export async function replaceRecipients(
  tx: SystemTransaction,
  { clientId, scheduleId }: { clientId: string; scheduleId: string },
  recipients: readonly Recipient[],
): Promise<void> {
  const byAddress = Map.groupBy(recipients, ({ address }) => address.toLowerCase())
  const rows = [...byAddress].map(([address, same]) => ({
    client_id: clientId,
    schedule_id: scheduleId,
    address,
    formats: [...new Set(same.flatMap(({ formats }) => formats))],
  }))
  const addresses = rows.map(({ address }) => address)
  await tx
    .deleteFrom('schedule_recipients')
    .where('client_id', '=', clientId)
    .where('schedule_id', '=', scheduleId)
    .where(sql<boolean>`address <> all(${addresses}::text[])`)
    .execute()
  if (rows.length === 0) return
  await tx
    .insertInto('schedule_recipients')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['client_id', 'schedule_id', 'address'])
        .doUpdateSet((excluded) => ({ formats: excluded.ref('excluded.formats') })),
    )
    .execute()
}

/** The report schedules that the handle sees, by client and name. */
export async function listReportSchedules(
  db: AnyDatabase,
  { clientId, name }: { clientId?: string | undefined; name?: string | undefined } = {},
): Promise<ReportScheduleView[]> {
  let query = db
    .selectFrom('schedules as s')
    .select(['s.cron', 's.zone', 's.id as scheduleId', 's.owner_address as ownerAddress'])
    .select([
      sql<string>`s.client_id`.as('clientId'),
      sql<Record<string, unknown>>`s.payload - 'scheduleId'`.as('asked'),
      sql<ReportScheduleView['recipients']>`coalesce((
        select jsonb_agg(jsonb_build_object('address', r.address, 'formats', r.formats, 'unsubscribedAt', r.unsubscribed_at) order by r.address)
        from schedule_recipients r where r.client_id = s.client_id and r.schedule_id = s.id), '[]')`.as('recipients'),
    ])
    .where(sql<boolean>`starts_with(s.id, 'report.' || s.client_id || '.')`)
    .orderBy('s.client_id')
    .orderBy('s.id')
    .limit(SCHEDULES_MAX)
  if (clientId !== undefined) query = query.where('s.client_id', '=', clientId)
  if (clientId !== undefined && name !== undefined) query = query.where('s.id', '=', reportScheduleId(clientId, name))
  const rows = await query.execute()
  return rows.map((row) => ({ ...row, name: row.scheduleId.slice(reportScheduleId(row.clientId, '').length) }))
}

/** More than anybody reads. */
const SCHEDULES_MAX = 1000
