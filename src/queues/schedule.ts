import { type Kysely, sql } from 'kysely'
import type { SystemDatabase, Transaction } from '../db/database.ts'
import type { DB } from '../db/schema.ts'
import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { addDays, type Day, SECOND_MS, startOfDay } from '../time.ts'
import { firesBetween, nextFires } from './cron.ts'
import type { AnyJob, RunRequest } from './job.ts'
import { type PlanOptions, parsePayload, planRuns } from './plan-runs.ts'
import { jobOfRun, type Registry } from './registry.ts'

/** Schedules one tick looks at; the rest are a tick late. */
const TICK_BATCH = 2000

type ScheduleRow = {
  id: string
  job: string
  client_id: string | null
  cron: string
  zone: string
  payload: unknown
  catch_up: string
  catch_up_within_s: number | null
  late_after_s: number | null
  overlap: string
  paused_until: string | null
  planned_until: string
  client_zone: string | null
}

/** The zone a schedule's cron is read in. */
export function zoneOf(schedule: { zone: string; client_zone: string | null }): string {
  return schedule.zone === 'client' ? (schedule.client_zone ?? 'UTC') : schedule.zone
}

/**
 * Makes the rows of `schedules` that the jobs declare, one per client, and leaves those alone that stand as declared. A client that
 * is new is planned for from now on; what happened before is a backfill's business.
 */
export async function syncSchedules(db: SystemDatabase, registry: Registry, log: Log): Promise<void> {
  for (const job of registry.values()) {
    if (job.schedule?.cron != null) await syncJob(db, job, job.schedule.cron)
  }
  await setNextDue(db, log)
}

async function syncJob(db: SystemDatabase, job: AnyJob, cron: string): Promise<void> {
  const { zone, catchUp, catchUpWithinMs, lateAfterMs, overlap, scope } = job.schedule as NonNullable<
    AnyJob['schedule']
  >
  const withinS = seconds(catchUpWithinMs)
  const lateS = seconds(lateAfterMs)
  const rows =
    scope === 'client'
      ? sql`select ${job.name} || '.' || id as id, id as client_id from clients`
      : sql`select ${job.name} as id, null as client_id`
  await sql`
    insert into schedules (id, job, client_id, cron, zone, catch_up, catch_up_within_s, late_after_s, overlap)
    select id, ${job.name}, client_id, ${cron}, ${zone}, ${catchUp}, ${withinS}::integer, ${lateS}::integer, ${overlap} from (${rows}) as wanted
    on conflict (id) do update set
      cron = excluded.cron, zone = excluded.zone, catch_up = excluded.catch_up, catch_up_within_s = excluded.catch_up_within_s,
      late_after_s = excluded.late_after_s, overlap = excluded.overlap, next_due_at = null
    where not schedules.is_edited
      and (schedules.cron, schedules.zone, schedules.catch_up, schedules.catch_up_within_s, schedules.late_after_s, schedules.overlap)
        is distinct from
        (excluded.cron, excluded.zone, excluded.catch_up, excluded.catch_up_within_s, excluded.late_after_s, excluded.overlap)`.execute(
    db,
  )
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms / SECOND_MS)
}

function scheduleRows(db: Kysely<DB>) {
  return db
    .selectFrom('schedules as s')
    .leftJoin('clients as c', 'c.id', 's.client_id')
    .select([
      's.id',
      's.job',
      's.client_id',
      's.cron',
      's.zone',
      's.payload',
      's.catch_up',
      's.catch_up_within_s',
      's.late_after_s',
      's.overlap',
      's.paused_until',
      's.planned_until',
    ])
    .select('c.time_zone as client_zone')
}

async function setNextDue(db: SystemDatabase, log: Log): Promise<void> {
  const rows = await scheduleRows(db).where('s.next_due_at', 'is', null).limit(TICK_BATCH).execute()
  for (const row of rows) {
    const plannedUntil = Temporal.Instant.from(row.planned_until)
    const next = orSkip(row, log, () => nextDue(row, plannedUntil))
    if (next !== null) await moveOn(db, row, plannedUntil, next)
  }
}

/** Answers null for a schedule that cannot be planned as it stands: it waits, with an error in the log, and holds up no other. */
function orSkip<T>(row: ScheduleRow, log: Log, work: () => T): T | null {
  try {
    return work()
  } catch (error) {
    log.error({ schedule: row.id }, `schedule ${row.id} cannot be planned; mend or delete it: ${messageOf(error)}`)
    return null
  }
}

function nextDue(row: ScheduleRow, after: Temporal.Instant): { at: string | null } {
  return { at: nextFires(row.cron, zoneOf(row), after, 1)[0]?.toString() ?? null }
}

async function moveOn(
  db: Kysely<DB>,
  row: ScheduleRow,
  plannedUntil: Temporal.Instant,
  next: { at: string | null },
): Promise<void> {
  await db
    .updateTable('schedules')
    .set({ planned_until: plannedUntil.toString(), next_due_at: next.at })
    .where('id', '=', row.id)
    .execute()
}

/**
 * One tick: plans a run for every fire time since the last one planned, of every schedule that is due. Any number of processes may
 * tick at once: each locks the schedules it plans and skips those another has locked. Returns how many runs were new.
 */
export async function planDueSchedules(db: SystemDatabase, registry: Registry, log: Log): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const { rows } = await sql<{ now: string }>`select now() as now`.execute(tx)
    const now = Temporal.Instant.from(rows[0]?.now ?? '')
    const due = await scheduleRows(tx)
      .where('s.next_due_at', '<=', now.toString())
      .orderBy('s.next_due_at')
      .limit(TICK_BATCH)
      .forUpdate('s')
      .skipLocked()
      .execute()
    const plans = []
    for (const row of due) {
      const fires = orSkip(row, log, () => dueFires(registry, row, now))
      plans.push(...(await plansOf(tx, row, fires)))
    }
    return (await planRuns(tx, plans)).length
  })
}

async function plansOf(tx: Transaction, row: ScheduleRow, due: DueFires | null) {
  const last = due?.fires.at(-1)
  if (due === null || last === undefined) return []
  await moveOn(tx, row, last, due.next)
  const chosen = await applyOverlap(tx, row, due.chosen)
  return chosen.map(({ dueAt, request }) => ({ request, options: nightly(row, dueAt) }))
}

type Fire = { dueAt: Temporal.Instant; request: RunRequest }
type DueFires = { fires: Temporal.Instant[]; next: { at: string | null }; chosen: Fire[] }

/** What of a schedule is due, without a look at the database, so that a broken one fails before anything is written. */
function dueFires(registry: Registry, row: ScheduleRow, now: Temporal.Instant): DueFires {
  const fires = firesBetween(row.cron, zoneOf(row), Temporal.Instant.from(row.planned_until), now)
  const job = jobOfRun(registry, row.job)
  const chosen = applyCatchUp(row, fires, now).map((dueAt) => {
    const request = requestAt(job, row, dueAt)
    return { dueAt, request: { job, payload: parsePayload(request) } }
  })
  return { fires, next: nextDue(row, fires.at(-1) ?? now), chosen }
}

function nightly(row: ScheduleRow, dueAt: Temporal.Instant): PlanOptions {
  const late = row.late_after_s === null ? {} : { lateAt: dueAt.add({ seconds: row.late_after_s }) }
  return { origin: 'schedule', requestedBy: null, priority: 2, scheduleId: row.id, dueAt, ...late }
}

/** What a schedule asks for when it is due. */
function requestAt(job: AnyJob, row: ScheduleRow, dueAt: Temporal.Instant): RunRequest {
  if (!job.schedule) throw new Error(`schedule ${row.id}: job ${job.name} cannot be scheduled`)
  const client = { id: row.client_id ?? '', timeZone: row.client_zone ?? 'UTC' }
  return { job, payload: job.schedule.payload(dueAt, client, row.payload as Record<string, unknown>) }
}

/** A fire counts as missed when it is older than this at the time of planning. */
const MISSED_AFTER_MS = 5 * 60_000

function applyCatchUp(row: ScheduleRow, fires: Temporal.Instant[], now: Temporal.Instant): Temporal.Instant[] {
  const wanted = fires.filter(
    (fire) => row.paused_until === null || Temporal.Instant.compare(fire, Temporal.Instant.from(row.paused_until)) >= 0,
  )
  const inTime = wanted.filter((fire) => now.epochMilliseconds - fire.epochMilliseconds <= MISSED_AFTER_MS)
  switch (row.catch_up) {
    case 'all':
      return wanted
    case 'latest':
      return wanted.slice(-1)
    default:
      return inTime
  }
}

async function applyOverlap(tx: Transaction, row: ScheduleRow, fires: Fire[]): Promise<Fire[]> {
  if (row.overlap !== 'skip' || fires.length === 0) return fires
  const open = await tx
    .selectFrom('runs')
    .select('id')
    .where('schedule_id', '=', row.id)
    .where('state', 'in', ['planned', 'queued', 'running'])
    .limit(1)
    .executeTakeFirst()
  return open ? [] : fires.slice(-1)
}

/**
 * Plans the night of one local day for a client as its schedules will or did: what is due within 24 hours after the day ends.
 * Twice is the same as once. Returns how many runs were new.
 */
export async function planNight(db: SystemDatabase, registry: Registry, clientId: string, day: Day): Promise<number> {
  const rows = await scheduleRows(db).where('s.client_id', '=', clientId).execute()
  const plans = rows.flatMap((row) => {
    const zone = row.client_zone ?? 'UTC'
    const begin = startOfDay(addDays(day, 1), zone).subtract({ seconds: 1 })
    const end = startOfDay(addDays(day, 2), zone).subtract({ seconds: 1 })
    const job = jobOfRun(registry, row.job)
    return firesBetween(row.cron, zoneOf(row), begin, end).map((dueAt) => ({
      request: requestAt(job, row, dueAt),
      options: nightly(row, dueAt),
    }))
  })
  return db.transaction().execute(async (tx) => (await planRuns(tx, plans)).length)
}
