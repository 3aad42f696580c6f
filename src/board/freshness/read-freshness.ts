import { firstFactDays } from '../../analytics/metrics/index.ts'
import { readFreshness, type ScheduleFreshness } from '../../queues/index.ts'
import type { Context } from '../http/context.ts'
import { refuseOtherClient } from '../http/own-client.ts'
import { HttpError } from '../http/problem.ts'

export type FreshnessFilter = {
  client?: string | undefined
  job?: string | undefined
  days: number
  cursor?: string | undefined
  limit: number
}

/** How the windows of the schedules in sight stand now. Throws HttpError `invalid-cursor`, `other-client`. */
export async function freshnessInSight(
  context: Context,
  { client, job, days, cursor, limit }: FreshnessFilter,
): Promise<{ at: Temporal.Instant; schedules: ScheduleFreshness[]; nextCursor: string | null }> {
  refuseOtherClient(context, client)
  const { board, db } = context
  const at = board.clock()
  const { schedules, last } = await readFreshness(db, board.registry, {
    at,
    days,
    clientId: client,
    job,
    after: cursor === undefined ? undefined : readCursor(cursor),
    limit,
    keptDays: board.keptDays,
    factsSince: (clientIds) => firstFactDays(db, clientIds),
  })
  const nextCursor = last === null ? null : Buffer.from(`${last.clientId} ${last.id}`).toString('base64url')
  return { at, schedules, nextCursor }
}

function readCursor(cursor: string): { clientId: string; id: string } {
  const match = /^([a-z0-9-]{1,63}) (.{1,200})$/.exec(Buffer.from(cursor, 'base64url').toString())
  if (match?.[1] !== undefined && match[2] !== undefined) return { clientId: match[1], id: match[2] }
  throw new HttpError('invalid-cursor', 'The cursor is none that this list gave out. Start again without one.')
}

/** What a schedule is about, beside its job: the report of a subscription. */
export function subjectOf({ extra }: Pick<ScheduleFreshness, 'extra'>): string | null {
  return typeof extra['report'] === 'string' ? extra['report'] : null
}
