import { firstFactDays } from '../../analytics/metrics/index.ts'
import { readFreshness, type ScheduleFreshness } from '../../queues/index.ts'
import type { Context } from '../http/context.ts'
import { refuseOtherClient } from '../http/own-client.ts'

export type FreshnessFilter = {
  client?: string | undefined
  job?: string | undefined
  days: number
  cursor?: string | undefined
  limit: number
}

/**
 * How the windows of the schedules in sight stand now. Throws InputError `invalid-cursor`, HttpError `other-client`.
 */
export async function freshnessInSight(
  context: Context,
  { client, job, days, cursor, limit }: FreshnessFilter,
): Promise<{ at: Temporal.Instant; schedules: ScheduleFreshness[]; nextCursor: string | null }> {
  refuseOtherClient(context, client)
  const { board, db } = context
  const at = board.clock()
  const read = await readFreshness(db, board.registry, {
    at,
    days,
    clientId: client,
    job,
    cursor,
    limit,
    keptDays: board.keptDays,
    factsSince: (clientIds) => firstFactDays(db, clientIds),
  })
  return { at, ...read }
}

/** What a schedule is about, beside its job: the report it renders. */
export function subjectOf({ extra }: Pick<ScheduleFreshness, 'extra'>): string | null {
  return typeof extra['report'] === 'string' ? extra['report'] : null
}
