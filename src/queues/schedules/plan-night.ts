import type { SystemDatabase } from '../../db/database.ts'
import { InputError, messageOf } from '../../errors.ts'
import { addDays, type Day, startOfDay } from '../../time.ts'
import { jobOfRun, type Registry } from '../registry.ts'
import type { PlanRequest } from '../runs/plan-runs.ts'
import { firePage } from './cron.ts'
import { afterPause } from './due-fires.ts'
import { ownPlan, planOwn } from './plan-own.ts'
import { type ScheduleRow, scheduleRows, timingOf, zoneOf } from './schedule-row.ts'

/**
 * Plans the night of one local day for a client as its schedules will or did: what is due within 24 hours after the day
 * ends and in no pause. Twice is the same as once. Returns how many runs were new. Throws InputError `broken-schedule`.
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
      yield fires.map((dueAt) => ownPlan(job, row, dueAt))
    }
  } catch (error) {
    throw new InputError('broken-schedule', `Schedule ${row.id} cannot be planned; fix it first: ${messageOf(error)}`)
  }
}

function* nightPages(row: ScheduleRow, day: Day): Generator<Temporal.Instant[]> {
  const zone = row.client_zone ?? 'UTC'
  const end = startOfDay(addDays(day, 2), zone).subtract({ seconds: 1 })
  // What falls due in a pause is left out for good, whoever asks for the night.
  const { pausedUntil } = timingOf(row)
  let after = afterPause(pausedUntil, startOfDay(addDays(day, 1), zone).subtract({ seconds: 1 }))
  if (Temporal.Instant.compare(after, end) >= 0) return
  for (;;) {
    const { fires } = firePage(row.cron, zoneOf(row), after, end)
    const last = fires.at(-1)
    if (last === undefined) return
    yield fires
    after = last
  }
}
