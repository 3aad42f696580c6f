import { sql } from 'kysely'
import type { SystemDatabase } from '../../db/database.ts'
import type { Log } from '../../log.ts'
import { sqlFile } from '../../sql.ts'
import { SECOND_MS } from '../../time.ts'
import type { AnyJob } from '../job.ts'
import type { Registry } from '../registry.ts'
import { nextFires } from './cron.ts'
import { databaseNow } from './database-now.ts'
import { afterPause } from './due-fires.ts'
import { orSkip, type ScheduleRow, scheduleRows, timingOf } from './schedule-row.ts'

/** Schedules that one statement changes. */
const BATCH = 1000
/** Batches of one pass; what is left then waits for the next. */
const BATCHES_MAX = 1000

const noteDeclarations = sqlFile<never>(import.meta.dirname, 'sync-schedules.sql')
const followDeclarations = sqlFile<never>(import.meta.dirname, 'follow-declarations.sql')

/**
 * Makes the rows of `schedules` that the jobs declare, one per client, and puts in force what is declared for those
 * that no person edited. A client that is new is planned for from now on; what happened before is a backfill's
 * business.
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
