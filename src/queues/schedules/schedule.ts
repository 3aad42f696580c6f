import { sql } from 'kysely'
import type { AnyDatabase, AnyTransaction, SystemDatabase } from '../../db/database.ts'
import { InputError, messageOf } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { OPEN_STATES } from '../../run-state.ts'
import { sqlFile } from '../../sql.ts'
import { addDays, type Day, SECOND_MS, startOfDay } from '../../time.ts'
import type { AnyJob, RunRequest } from '../job.ts'
import { jobOfRun, type Registry } from '../registry.ts'
import { type PlanOptions, type PlanRequest, planRuns, withDependencies } from '../runs/plan-runs.ts'
import { beginNights } from '../runs/run-traces.ts'
import { firePage, nextFires } from './cron.ts'
import { afterPause, type DueFires, dueFires, type Timing } from './due-fires.ts'

/** Schedules that one transaction plans. */
const BATCH = 1000
/** Fire times that one transaction looks at: the schedule that reaches it is the last of its batch. */
const BATCH_FIRES = 5000
/** Batches of one tick; what is still due then waits for the next. */
const BATCHES_MAX = 1000

const noteDeclarations = sqlFile<never>(import.meta.dirname, 'sync-schedules.sql')
const followDeclarations = sqlFile<never>(import.meta.dirname, 'follow-declarations.sql')
const moveSchedules = sqlFile<never>(import.meta.dirname, 'move-schedules.sql')
const ownRuns = sqlFile<never>(import.meta.dirname, 'own-runs.sql')

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
  next_due_at: string | null
  client_zone: string | null
}

/** The zone a schedule's cron is read in. */
export function zoneOf(schedule: { zone: string; client_zone: string | null }): string {
  return schedule.zone === 'client' ? (schedule.client_zone ?? 'UTC') : schedule.zone
}

function timingOf(row: ScheduleRow): Timing {
  return {
    cron: row.cron,
    timeZone: zoneOf(row),
    catchUp: row.catch_up,
    catchUpWithinS: row.catch_up_within_s,
    pausedUntil: row.paused_until === null ? null : Temporal.Instant.from(row.paused_until),
    plannedUntil: Temporal.Instant.from(row.planned_until),
  }
}

/** The database's time: the one clock that all schedulers share. */
async function databaseNow(db: AnyDatabase): Promise<Temporal.Instant> {
  const { rows } = await sql<{ now: string }>`select now() as now`.execute(db)
  return Temporal.Instant.from(rows[0]?.now ?? '')
}

/**
 * Makes the rows of `schedules` that the jobs declare, one per client, and puts in force what is declared for those that no person
 * edited. A client that is new is planned for from now on; what happened before is a backfill's business.
 */
export async function syncSchedules(
  db: SystemDatabase,
  registry: Registry,
  log: Log,
  at?: Temporal.Instant,
): Promise<void> {
  const now = (at ?? (await databaseNow(db))).toString()
  const declarations = [...registry.values()].flatMap(declarationOf)
  await noteDeclarations(db, [JSON.stringify(declarations), now])
  await followDeclarations(db, [now])
  await setNextDue(db, log)
}

function declarationOf({ name, schedule }: AnyJob) {
  if (schedule === null || schedule.cron === null) return []
  const { cron, zone, catchUp, overlap, scope } = schedule
  const withinS = seconds(schedule.catchUpWithinMs)
  const declared = { cron, zone, catchUp, catchUpWithinS: withinS, lateAfterS: seconds(schedule.lateAfterMs), overlap }
  return [{ job: name, scope, declared }]
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms / SECOND_MS)
}

function scheduleRows(db: AnyDatabase) {
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
      's.next_due_at',
    ])
    .select('c.time_zone as client_zone')
}

/** Says when each schedule is due next that is new, changed or paused. */
async function setNextDue(db: SystemDatabase, log: Log): Promise<void> {
  let after = ''
  for (let batch = 0; batch < BATCHES_MAX; batch += 1) {
    const rows = await scheduleRows(db)
      .where('s.next_due_at', 'is', null)
      .where('s.id', '>', after)
      .orderBy('s.id')
      .limit(BATCH)
      .execute()
    const due = rows.flatMap((row) => orSkip(row, log, () => nextDue(row)) ?? [])
    await sql`
      with held as (
        select s.id, d.next from schedules s join jsonb_to_recordset(${JSON.stringify(due)}::jsonb)
          as d (id text, "plannedUntil" timestamptz, next timestamptz) using (id)
        where s.next_due_at is null and s.planned_until = d."plannedUntil" order by s.id for update of s
      )
      update schedules s set next_due_at = held.next from held where s.id = held.id`.execute(db)
    const last = rows.at(-1)
    if (last === undefined || rows.length < BATCH) return
    after = last.id
  }
}

function nextDue(row: ScheduleRow): { id: string; plannedUntil: string; next: string }[] {
  const timing = timingOf(row)
  const [next] = nextFires(timing.cron, timing.timeZone, afterPause(timing.pausedUntil, timing.plannedUntil), 1)
  return next === undefined ? [] : [{ id: row.id, plannedUntil: row.planned_until, next: next.toString() }]
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

type Cursor = { dueAt: string; id: string }

/**
 * One tick: plans a run for every fire time since the last one planned, of every schedule that is due. Any number of processes may
 * tick at once: each locks the schedules it plans and skips those another has locked. Returns how many runs were new.
 * `at` is the instant to plan for, the database's now unless it is given.
 */
export async function planDueSchedules(
  db: SystemDatabase,
  registry: Registry,
  log: Log,
  at?: Temporal.Instant,
): Promise<number> {
  return planAfter(db, { registry, log, now: at ?? (await databaseNow(db)), after: null })
}

/** What fell due longer ago waits for the tick, broken schedules among it. */
const JUST_DUE_S = 60

/** Between two ticks: plans what fell due within the last minute, for schedules with seconds. Returns how many runs were new. */
export async function planJustDue(db: SystemDatabase, registry: Registry, log: Log): Promise<number> {
  const now = await databaseNow(db)
  const after = { dueAt: now.subtract({ seconds: JUST_DUE_S }).toString(), id: '' }
  return planAfter(db, { registry, log, now, after })
}

async function planAfter(db: SystemDatabase, options: Batch): Promise<number> {
  let planned = 0
  let { after } = options
  for (let batch = 0; batch < BATCHES_MAX; batch += 1) {
    const done = await db.transaction().execute((tx) => planBatch(tx, { ...options, after }))
    planned += done.planned
    if (done.last === null) return planned
    after = done.last
  }
  options.log.warn(
    `schedules: ${planned} runs planned in ${BATCHES_MAX} batches; what is still due follows with the next tick`,
  )
  return planned
}

type Batch = { registry: Registry; log: Log; now: Temporal.Instant; after: Cursor | null }

/** Plans the schedules that come next. One whose fires are more than one pass takes comes again behind them, with the rest. */
async function planBatch(tx: AnyTransaction, batch: Batch): Promise<{ planned: number; last: Cursor | null }> {
  const { registry, log, now } = batch
  const rows = await lockDue(tx, batch)
  const open = await openSchedules(tx, rows)
  const moves = []
  const plans: PlanRequest[] = []
  let last: Cursor | null = null
  let seen = 0
  for (const row of rows) {
    if (seen >= BATCH_FIRES) break
    last = { dueAt: row.next_due_at ?? '', id: row.id }
    const chosen = orSkip(row, log, () => choose(registry, row, { now, isOpen: open.has(row.id) }))
    if (chosen === null) continue
    seen += chosen.due.fires.length
    sayLeftOut(log, row, chosen)
    plans.push(...chosen.plans)
    const { plannedUntil, next } = chosen.due
    moves.push({ id: row.id, plannedUntil: String(plannedUntil), next: next && String(next), skipped: chosen.skipped })
  }
  if (moves.length > 0) await moveSchedules(tx, [JSON.stringify(moves), now.toString()])
  return { planned: await planOwn(tx, beginNights(plans)), last }
}

async function lockDue(tx: AnyTransaction, { now, after }: Batch): Promise<ScheduleRow[]> {
  let due = scheduleRows(tx)
    .where('s.next_due_at', '<=', now.toString())
    .orderBy('s.next_due_at')
    .orderBy('s.id')
    .limit(BATCH)
    .forUpdate('s')
    .skipLocked()
  if (after) due = due.where(sql<boolean>`(s.next_due_at, s.id) > (${after.dueAt}::timestamptz, ${after.id})`)
  return due.execute()
}

/** Those that may not overlap and have a run open. */
async function openSchedules(tx: AnyTransaction, rows: readonly ScheduleRow[]): Promise<Set<string>> {
  const ids = rows.filter(({ overlap }) => overlap === 'skip').map(({ id }) => id)
  if (ids.length === 0) return new Set()
  const open = await tx
    .selectFrom('runs')
    .select('schedule_id')
    .distinct()
    .where('schedule_id', 'in', ids)
    .where('state', 'in', OPEN_STATES)
    .execute()
  return new Set(open.flatMap(({ schedule_id: id }) => id ?? []))
}

type Chosen = { due: DueFires; plans: PlanRequest[]; skipped: number }

/** What of a schedule is planned, without a look at the database, so that a broken one fails before anything is written. */
function choose(registry: Registry, row: ScheduleRow, state: { now: Temporal.Instant; isOpen: boolean }): Chosen {
  const job = jobOfRun(registry, row.job)
  const due = dueFires(timingOf(row), state.now)
  const fires = row.overlap === 'skip' ? lastUnlessOpen(due, state) : due.fires
  const plans = fires.map((dueAt) => ({ request: requestAt(job, row, dueAt), options: nightly(row, dueAt) }))
  withDependencies(plans)
  return { due, plans, skipped: due.fires.length - fires.length }
}

/** Of several at once the last is planned, and in the last pass only: the others would run into each other. */
function lastUnlessOpen(
  { fires, next }: DueFires,
  { now, isOpen }: { now: Temporal.Instant; isOpen: boolean },
): Temporal.Instant[] {
  const isLastPass = next === null || Temporal.Instant.compare(next, now) > 0
  return isOpen || !isLastPass ? [] : fires.slice(-1)
}

function sayLeftOut(log: Log, row: ScheduleRow, { due, skipped }: Chosen): void {
  if (due.leftOut !== null) {
    const missed = `fire times from ${due.leftOut.toString()} on were missed and are left out (catch-up ${row.catch_up})`
    log.warn({ schedule: row.id }, `schedule ${row.id}: ${missed}`)
  }
  if (skipped > 0) {
    const why = 'left out, because a run of it is still open (overlap skip)'
    log.warn(
      { schedule: row.id, skipped },
      `schedule ${row.id}: ${skipped} fire times up to ${due.plannedUntil.toString()} ${why}`,
    )
  }
}

/** Plans a schedule's runs; those that stand already become its own. Returns how many were new. */
async function planOwn(tx: AnyTransaction, plans: PlanRequest[]): Promise<number> {
  const planned = await planRuns(tx, plans)
  const fresh = new Set(planned.map(({ job, key }) => `${job} ${key}`))
  const own = withDependencies(plans).filter(({ job, key, dueAt }) => dueAt !== null && !fresh.has(`${job} ${key}`))
  if (own.length > 0) await ownRuns(tx, [JSON.stringify(own)])
  return planned.length
}

function nightly(row: ScheduleRow, dueAt: Temporal.Instant): PlanOptions {
  const late = row.late_after_s === null ? {} : { lateAt: dueAt.add({ seconds: row.late_after_s }) }
  const isSerial = row.overlap === 'queue'
  return { origin: 'schedule', requestedBy: null, priority: 2, scheduleId: row.id, dueAt, isSerial, ...late }
}

/** What a schedule asks for when it is due. */
function requestAt(job: AnyJob, row: ScheduleRow, dueAt: Temporal.Instant): RunRequest {
  if (!job.schedule) throw new Error(`schedule ${row.id}: job ${job.name} cannot be scheduled`)
  const client = { id: row.client_id ?? '', timeZone: row.client_zone ?? 'UTC' }
  return { job, payload: job.schedule.payload(dueAt, client, row.payload as Record<string, unknown>) }
}

/**
 * Plans the night of one local day for a client as its schedules will or did: what is due within 24 hours after the day ends.
 * Twice is the same as once. Returns how many runs were new. Throws InputError `broken-schedule`.
 */
export async function planNight(db: SystemDatabase, registry: Registry, clientId: string, day: Day): Promise<number> {
  const rows = await scheduleRows(db).where('s.client_id', '=', clientId).execute()
  return db.transaction().execute(async (tx) => {
    let planned = 0
    for (const row of rows) for (const plans of nightPlans(registry, row, day)) planned += await planOwn(tx, plans)
    return planned
  })
}

/** In pages. Throws InputError `broken-schedule`: a night without one of its parts would look whole. */
function* nightPlans(registry: Registry, row: ScheduleRow, day: Day): Generator<PlanRequest[]> {
  try {
    const job = jobOfRun(registry, row.job)
    for (const fires of nightPages(row, day)) {
      yield fires.map((dueAt) => ({ request: requestAt(job, row, dueAt), options: nightly(row, dueAt) }))
    }
  } catch (error) {
    throw new InputError('broken-schedule', `Schedule ${row.id} cannot be planned; mend it first: ${messageOf(error)}`)
  }
}

function* nightPages(row: ScheduleRow, day: Day): Generator<Temporal.Instant[]> {
  const zone = row.client_zone ?? 'UTC'
  const end = startOfDay(addDays(day, 2), zone).subtract({ seconds: 1 })
  let after = startOfDay(addDays(day, 1), zone).subtract({ seconds: 1 })
  for (;;) {
    const { fires } = firePage(row.cron, zoneOf(row), after, end)
    const last = fires.at(-1)
    if (last === undefined) return
    yield fires
    after = last
  }
}
