import type { AnyDatabase } from '../../db/database.ts'
import type { Schedules } from '../../db/schema.ts'
import { messageOf } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Timing } from './due-fires.ts'

/** A schedule as it is planned, with the zone of its client. */
export type ScheduleRow = {
  id: string
  job: string
  client_id: string | null
  cron: string
  zone: string
  payload: unknown
  catch_up: Schedules['catch_up']
  catch_up_within_s: number | null
  late_after_s: number | null
  overlap: Schedules['overlap']
  paused_until: string | null
  planned_until: string
  next_due_at: string | null
  client_zone: string | null
}

/** The zone a schedule's cron is read in. */
export function zoneOf(schedule: { zone: string; client_zone: string | null }): string {
  return schedule.zone === 'client' ? (schedule.client_zone ?? 'UTC') : schedule.zone
}

export function timingOf(row: ScheduleRow): Timing {
  return {
    cron: row.cron,
    timeZone: zoneOf(row),
    catchUp: row.catch_up,
    catchUpWithinS: row.catch_up_within_s,
    pausedUntil: row.paused_until === null ? null : Temporal.Instant.from(row.paused_until),
    plannedUntil: Temporal.Instant.from(row.planned_until),
  }
}

/** All schedules, of which a caller picks its own. */
export function scheduleRows(db: AnyDatabase) {
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

/**
 * Answers null for a schedule that cannot be planned as it stands: it waits, with an error in the log, and holds up no
 * other.
 */
export function orSkip<T>(row: ScheduleRow, log: Log, work: () => T): T | null {
  try {
    return work()
  } catch (error) {
    log.error({ schedule: row.id }, `schedule ${row.id} cannot be planned; fix or delete it: ${messageOf(error)}`)
    return null
  }
}
