import { sql } from 'kysely'
import type { AnyTransaction, SystemDatabase } from '../../db/database.ts'
import type { Log } from '../../log.ts'
import { OPEN_STATES } from '../../run-state.ts'
import { sqlFile } from '../../sql.ts'
import { jobOfRun, type Registry } from '../registry.ts'
import { type PlanRequest, withDependencies } from '../runs/plan-runs.ts'
import { beginNights } from '../runs/run-traces.ts'
import { databaseNow } from './database-now.ts'
import { type DueFires, dueFires } from './due-fires.ts'
import { ownPlan, planOwn } from './plan-own.ts'
import { orSkip, type ScheduleRow, scheduleRows, timingOf } from './schedule-row.ts'

/** Schedules that one transaction plans. */
const BATCH = 1000
/** Fire times that one transaction looks at: the schedule that reaches it is the last of its batch. */
const BATCH_FIRES = 5000
/** Batches of one tick; what is still due then waits for the next. */
const BATCHES_MAX = 1000

const moveSchedules = sqlFile<never>(import.meta.dirname, 'move-schedules.sql')

type Cursor = { dueAt: string; id: string }

/**
 * One tick: plans a run for every fire time since the last one planned, of every schedule that is due. Any number of
 * processes may tick at once: each locks the schedules it plans and skips those another has locked. Returns how many
 * runs were new. `at` is the instant to plan for, the database's now unless it is given.
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

/**
 * Between two ticks: plans what fell due within the last minute, for schedules with seconds. Returns how many runs were
 * new.
 */
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

/**
 * Plans the schedules that come next. One whose fires are more than one pass takes comes again behind them, with the
 * rest.
 */
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

/**
 * What of a schedule is planned, without a look at the database, so that a broken one fails before anything is written.
 */
function choose(registry: Registry, row: ScheduleRow, state: { now: Temporal.Instant; isOpen: boolean }): Chosen {
  const job = jobOfRun(registry, row.job)
  const due = dueFires(timingOf(row), state.now)
  const fires = row.overlap === 'skip' ? lastUnlessOpen(due, state) : due.fires
  const plans = fires.map((dueAt) => ownPlan(job, row, dueAt))
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
