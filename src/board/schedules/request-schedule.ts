import type { AuditEntry } from '../../people/audit.ts'
import { changeSchedule, type ScheduleChange } from '../../queues/index.ts'
import type { Context } from '../http/context.ts'
import { refuseOtherClient } from '../http/own-client.ts'
import { HttpError, notFound } from '../http/problem.ts'
import { findSchedule, listSchedules, type ScheduleFilter, type ScheduleView } from './read-schedules.ts'

/**
 * The schedules the visitor may see, those due soonest first. Throws HttpError `other-client`, InputError
 * `invalid-cursor`.
 */
export async function schedulesInSight(
  context: Context,
  { client, ...filter }: Omit<ScheduleFilter, 'clientId'> & { client?: string | undefined },
) {
  refuseOtherClient(context, client)
  const { db, board, identity } = context
  return listSchedules(db, { ...filter, clientId: identity.clientId ?? client }, board.clock())
}

/** A schedule as the visitor's own database handle shows it. Throws HttpError `not-found`. */
export async function scheduleInSight({ db, board }: Context, id: string): Promise<ScheduleView> {
  const schedule = await findSchedule(db, id, board.clock())
  if (schedule) return schedule
  throw notFound(`There is no schedule ${id}.`)
}

/**
 * Changes a schedule on a visitor's behalf. Throws HttpError `not-found`, `invalid-body`, and what changeSchedule
 * throws.
 */
export async function editSchedule(
  context: Context,
  id: string,
  change: ScheduleChange,
): Promise<{ schedule: ScheduleView; audit: AuditEntry | null }> {
  const { clientId } = await scheduleInSight(context, id)
  checkPause(context, change)
  const { before, after } = await changeSchedule(context.board.database.system, id, change)
  const names = Object.keys(after) as (keyof typeof after)[]
  const differing = names.filter((name) => before[name] !== after[name])
  const of = (state: typeof after) => Object.fromEntries(differing.map((name) => [name, state[name]]))
  const entry = { action: 'change-schedule', target: `schedule:${id}`, clientId, before: of(before), after: of(after) }
  return { schedule: await scheduleInSight(context, id), audit: differing.length === 0 ? null : entry }
}

function checkPause({ board }: Context, { pause }: ScheduleChange): void {
  if (!pause || Temporal.Instant.compare(pause.until, board.clock()) > 0) return
  const errors = [{ in: 'body' as const, pointer: '/pausedUntil', detail: 'must lie ahead' }]
  throw new HttpError('invalid-body', `A pause must end in the future, not at ${pause.until.toString()}.`, {
    errors,
  })
}
