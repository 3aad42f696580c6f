import { sql } from 'kysely'
import type { AnyDatabase, SystemDatabase, SystemTransaction } from '../../db/database.ts'
import { InputError } from '../../errors.ts'
import { nextFires } from './cron.ts'
import { afterPause, laterOf } from './due-fires.ts'
import { zoneOf } from './schedule-row.ts'

/** What is declared for a schedule, and what a person may change of it. */
export type ScheduleSettings = {
  cron: string
  /** An IANA name, or `client`. */
  zone: string
  catchUp: 'all' | 'latest' | 'none'
  catchUpWithinS: number | null
  lateAfterS: number | null
  overlap: 'skip' | 'queue' | 'allow'
}

export type ScheduleChange = {
  /** What is named is changed; `declared` takes back every edit. */
  settings?: Partial<ScheduleSettings> | 'declared'
  /** null: go on; not named: as it is. */
  pause?: { until: Temporal.Instant; reason: string } | null
}

type ScheduleState = ScheduleSettings & {
  isEdited: boolean
  pausedUntil: string | null
  pausedReason: string | null
}

/**
 * Changes one schedule on a person's behalf. Other times count from now on, unless the old ones left something
 * unplanned: then planning goes on where it stood. What fell due during a pause that ends early stays left out.
 * Throws InputError `unknown-schedule` 404, `not-declared` 409, `invalid-zone`, `invalid-cron`.
 */
export async function changeSchedule(
  db: SystemDatabase,
  id: string,
  change: ScheduleChange,
): Promise<{ before: ScheduleState; after: ScheduleState }> {
  return db.transaction().execute((tx) => changeScheduleIn(tx, id, change))
}

/** The same in a transaction that changes more. */
export async function changeScheduleIn(
  tx: SystemTransaction,
  id: string,
  change: ScheduleChange,
): Promise<{ before: ScheduleState; after: ScheduleState }> {
  const row = await lockSchedule(tx, id)
  const before = stateOf(row)
  const after = changed(row, before, change)
  const { plannedUntil, next } = timesOf(row, { before, after, change })
  await tx
    .updateTable('schedules')
    .set({
      cron: after.cron,
      zone: after.zone,
      catch_up: after.catchUp,
      catch_up_within_s: after.catchUpWithinS,
      late_after_s: after.lateAfterS,
      overlap: after.overlap,
      is_edited: after.isEdited,
      paused_until: after.pausedUntil,
      paused_reason: after.pausedReason,
      planned_until: plannedUntil.toString(),
      next_due_at: next?.toString() ?? null,
    })
    .where('id', '=', id)
    .execute()
  return { before, after }
}

type Row = Awaited<ReturnType<typeof lockSchedule>>

async function lockSchedule(tx: AnyDatabase, id: string) {
  const row = await tx
    .selectFrom('schedules as s')
    .leftJoin('clients as c', 'c.id', 's.client_id')
    .selectAll('s')
    .select(['c.time_zone as client_zone', sql<string>`now()`.as('now')])
    .where('s.id', '=', id)
    .forUpdate('s')
    .executeTakeFirst()
  if (row) return row
  throw new InputError('unknown-schedule', `There is no schedule ${id}.`)
}

function stateOf(row: Row): ScheduleState {
  return {
    cron: row.cron,
    zone: row.zone,
    catchUp: row.catch_up,
    catchUpWithinS: row.catch_up_within_s,
    lateAfterS: row.late_after_s,
    overlap: row.overlap,
    isEdited: row.is_edited,
    pausedUntil: row.paused_until,
    pausedReason: row.paused_reason,
  }
}

function changed(row: Row, before: ScheduleState, { settings = {}, pause }: ScheduleChange): ScheduleState {
  const declared = row.declared as ScheduleSettings | null
  if (settings === 'declared' && declared === null) {
    throw new InputError('not-declared', `Nothing is declared for schedule ${row.id}: there is no way back.`)
  }
  const after = { ...before, ...(settings === 'declared' ? declared : settings) }
  if (after.zone === 'client' && row.client_id === null) {
    throw new InputError('invalid-zone', `Schedule ${row.id} belongs to no client whose zone it could take.`)
  }
  // Of a schedule that a person made, every setting is theirs.
  const edited = declared !== null && differ(after, declared)
  if (pause === undefined) return { ...after, isEdited: edited }
  const pausedUntil = pause === null ? null : pause.until.toString()
  return { ...after, isEdited: edited, pausedUntil, pausedReason: pause?.reason ?? null }
}

const SETTINGS = ['cron', 'zone', 'catchUp', 'catchUpWithinS', 'lateAfterS', 'overlap'] as const

function differ(a: ScheduleSettings, b: ScheduleSettings): boolean {
  return SETTINGS.some((name) => a[name] !== b[name])
}

type Changed = { before: ScheduleState; after: ScheduleState; change: ScheduleChange }

function timesOf(
  row: Row,
  { before, after, change }: Changed,
): { plannedUntil: Temporal.Instant; next: Temporal.Instant | null } {
  const now = Temporal.Instant.from(row.now)
  const isMoved = before.cron !== after.cron || before.zone !== after.zone
  const isOwed = row.next_due_at === null || Temporal.Instant.compare(row.next_due_at, now) <= 0
  const isResumed =
    change.pause === null && before.pausedUntil !== null && Temporal.Instant.compare(before.pausedUntil, now) > 0
  const stood = Temporal.Instant.from(row.planned_until)
  const plannedUntil = isResumed || (isMoved && !isOwed) ? laterOf(stood, now) : stood
  const zone = zoneOf({ zone: after.zone, client_zone: row.client_zone })
  const pausedUntil = after.pausedUntil === null ? null : Temporal.Instant.from(after.pausedUntil)
  const [next = null] = nextFires(after.cron, zone, afterPause(pausedUntil, plannedUntil), 1)
  return { plannedUntil, next }
}
