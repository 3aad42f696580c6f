import { sql } from 'kysely'
import { z } from 'zod'
import type { AnyDatabase } from '../../db/database.ts'
import { InputError, messageOf } from '../../errors.ts'
import { cursorWord, defineCursor, pageOf, rowsToRead } from '../../page.ts'
import { comingFires, type ScheduleSettings, zoneOf } from '../../queues/index.ts'

/** Fire times shown wherever a schedule is. */
const FIRES = 5
/**
 * Different times and zones of one job that are looked at, those due soonest: five would do if none of them were
 * broken.
 */
const TIMINGS_MAX = 20

/** One time a schedule fires: the instant, and what the clocks of its zone then show. */
export type Fire = { at: string; local: string; timeZone: string }

export type ScheduleView = ScheduleSettings & {
  id: string
  job: string
  clientId: string | null
  clientName: string | null
  /** The zone its times are read in. */
  timeZone: string
  /** The client's own. */
  clientZone: string
  /** What the job says; null: nobody declares it. */
  declared: ScheduleSettings | null
  isEdited: boolean
  /** null when it is not paused now. */
  pausedUntil: string | null
  pausedReason: string | null
  skipped: number
  lastSkippedAt: string | null
  /** The report it renders; null: it renders none. */
  subject: string | null
  nextFires: Fire[]
  /** Why it cannot be planned; null when it can. */
  problem: string | null
}

export type ScheduleFilter = {
  clientId?: string | undefined
  job?: string | undefined
  cursor?: string | undefined
  limit: number
}

function scheduleRows(db: AnyDatabase) {
  return db
    .selectFrom('schedules as s')
    .leftJoin('clients as c', 'c.id', 's.client_id')
    .select([
      's.id',
      's.job',
      's.client_id as clientId',
      'c.name as clientName',
      's.cron',
      's.zone',
      'c.time_zone as client_zone',
      's.catch_up_within_s as catchUpWithinS',
      's.late_after_s as lateAfterS',
      's.is_edited as isEdited',
      's.paused_until as pausedUntil',
      's.paused_reason as pausedReason',
      's.skipped',
      's.last_skipped_at as lastSkippedAt',
    ])
    .select([
      // What check constraints and declarations hold.
      sql<ScheduleSettings['catchUp']>`s.catch_up`.as('catchUp'),
      sql<ScheduleSettings['overlap']>`s.overlap`.as('overlap'),
      sql<ScheduleSettings | null>`s.declared`.as('declared'),
      sql<string | null>`s.payload ->> 'report'`.as('subject'),
      sql<string>`coalesce(s.next_due_at::text, 'infinity')`.as('due'),
    ])
}

type Row = Awaited<ReturnType<ReturnType<typeof scheduleRows>['execute']>>[number]

/** When it is due, as PostgreSQL writes it. */
const DUE = z.string().regex(/^(infinity|\d{4}-\d\d-\d\d [\d:.+]{8,30})$/)
const scheduleCursor = defineCursor(z.tuple([DUE, cursorWord]))

/** The schedules in sight, those due soonest first, in pages. Throws InputError `invalid-cursor`. */
export async function listSchedules(
  db: AnyDatabase,
  { clientId, job, cursor, limit }: ScheduleFilter,
  now: Temporal.Instant,
): Promise<{ schedules: ScheduleView[]; nextCursor: string | null }> {
  const due = sql`coalesce(s.next_due_at, 'infinity')`
  let query = scheduleRows(db).orderBy(due).orderBy('s.id').limit(rowsToRead(limit))
  if (clientId !== undefined) query = query.where('s.client_id', '=', clientId)
  if (job !== undefined) query = query.where('s.job', '=', job)
  const after = scheduleCursor.read(cursor)
  if (after !== null) query = query.where(sql<boolean>`(${due}, s.id) > (${after[0]}::timestamptz, ${after[1]})`)
  const page = pageOf(await query.execute(), limit, (row) => scheduleCursor.write([row.due, row.id]))
  return { schedules: page.rows.map((row) => viewOf(row, now)), nextCursor: page.nextCursor }
}

export async function findSchedule(db: AnyDatabase, id: string, now: Temporal.Instant): Promise<ScheduleView | null> {
  const row = await scheduleRows(db).where('s.id', '=', id).executeTakeFirst()
  return row ? viewOf(row, now) : null
}

function viewOf({ client_zone, due: _due, ...row }: Row, now: Temporal.Instant): ScheduleView {
  const timeZone = zoneOf({ zone: row.zone, client_zone })
  const isPaused = row.pausedUntil !== null && Temporal.Instant.compare(row.pausedUntil, now) > 0
  const pausedUntil = isPaused ? row.pausedUntil : null
  const fires = firesOf({ cron: row.cron, timeZone, pausedUntil }, now)
  const clientZone = client_zone ?? 'UTC'
  return { ...row, ...fires, timeZone, clientZone, pausedUntil, pausedReason: isPaused ? row.pausedReason : null }
}

/** The next times of a schedule; a broken one has none and says why. */
export function firesOf(
  { cron, timeZone, pausedUntil }: { cron: string; timeZone: string; pausedUntil: string | null },
  now: Temporal.Instant,
): { nextFires: Fire[]; problem: string | null } {
  const paused = pausedUntil === null ? null : Temporal.Instant.from(pausedUntil)
  try {
    const fires = comingFires({ cron, timeZone, pausedUntil: paused }, now, FIRES)
    const problem = fires.length === 0 ? 'It never fires again.' : null
    return { nextFires: fires.map((fire) => fireAt(fire, timeZone)), problem }
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    return { nextFires: [], problem: messageOf(error) }
  }
}

function fireAt(fire: Temporal.Instant, timeZone: string): Fire {
  const local = fire.toZonedDateTimeISO(timeZone).toString({ timeZoneName: 'never' })
  return { at: fire.toString(), local, timeZone }
}

/** The next times any schedule in sight fires, for each job. */
export async function firesByJob(db: AnyDatabase, now: Temporal.Instant): Promise<Map<string, Fire[]>> {
  const { rows } = await sql<{ job: string; cron: string; timeZone: string }>`
    select job, cron, zone as "timeZone" from (
      select s.job, s.cron, z.zone, row_number() over (partition by s.job order by min(s.next_due_at)) as place
      from schedules s left join clients c on c.id = s.client_id
      cross join lateral (select case s.zone when 'client' then coalesce(c.time_zone, 'UTC') else s.zone end as zone) z
      where s.paused_until is null or s.paused_until <= ${now.toString()}::timestamptz
      group by s.job, s.cron, z.zone
    ) timings where place <= ${TIMINGS_MAX}::integer`.execute(db)
  const jobs = Map.groupBy(rows, ({ job }) => job)
  return new Map([...jobs].map(([job, each]) => [job, soonest(each, now)]))
}

function soonest(timings: readonly { cron: string; timeZone: string }[], now: Temporal.Instant): Fire[] {
  const fires = timings.flatMap((timing) => firesOf({ ...timing, pausedUntil: null }, now).nextFires)
  return fires.toSorted((a, b) => Temporal.Instant.compare(a.at, b.at)).slice(0, FIRES)
}
