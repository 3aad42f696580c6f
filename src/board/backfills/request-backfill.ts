import type { AuditEntry } from '../../people/audit.ts'
import type { BackfillCount, BackfillRequest, BackfillView, FoundWindows } from '../../queues/index.ts'
import type { Context } from '../http/context.ts'
import { refuseOtherClient } from '../http/own-client.ts'
import { HttpError, notFound } from '../http/problem.ts'
import { checkClient } from '../runs/index.ts'

/** A backfill as a visitor names it. */
export type BackfillWish = Omit<BackfillRequest, 'job'> & { job: string }

/** What filling the range would do. Throws HttpError `other-client`, `no-such-client`, and what the ledger throws. */
export async function countBackfill(context: Context, wish: BackfillWish): Promise<BackfillCount> {
  return context.board.ledger.countBackfill(await requestOf(context, wish))
}

/**
 * Starts a backfill on a visitor's behalf; the same while it is in progress is the same one. Throws what countBackfill
 * does.
 */
export async function startBackfill(
  context: Context,
  wish: BackfillWish,
): Promise<{ backfill: BackfillView; count: BackfillCount | null; windows: FoundWindows; audit: AuditEntry | null }> {
  const { ledger } = context.board
  const request = await requestOf(context, wish)
  const started = await ledger.startBackfill(request, { requestedBy: context.identity.name })
  return { ...started, audit: started.count && backfillStarted(started.backfill, started.count) }
}

/** How the audit log names a backfill that was started. */
export function backfillStarted(backfill: BackfillView, count: BackfillCount): AuditEntry {
  const { id, clientId, job, scheduleId, from, to, reprocess, newestFirst, runsMax } = backfill
  return {
    action: 'start-backfill',
    target: `backfill:${id}`,
    clientId,
    before: null,
    after: { job, scheduleId, from, to, reprocess, newestFirst, runsMax, runs: count.fresh + count.again },
  }
}

async function requestOf(context: Context, wish: BackfillWish): Promise<BackfillRequest> {
  await checkClient(context, wish.clientId)
  const job = context.board.registry.get(wish.job)
  if (job) return { ...wish, job }
  const errors = [{ in: 'body' as const, pointer: '/job', detail: 'There is no such job.' }]
  throw new HttpError('unknown-job', `There is no job "${wish.job}".`, { status: 422, errors })
}

/** Cancels a backfill the visitor may see. Throws HttpError `not-found`. */
export async function cancelBackfill(
  context: Context,
  id: string,
): Promise<{ backfill: BackfillView; audit: AuditEntry | null }> {
  const before = await backfillInSight(context, id)
  const backfill = await context.board.ledger.cancelBackfill(id)
  return { backfill, audit: backfillCancelled(before, backfill) }
}

/** How the audit log names a cancelled backfill; null when the cancel changed nothing. */
export function backfillCancelled(before: BackfillView, after: BackfillView): AuditEntry | null {
  if (before.cancelledAt !== null || after.cancelledAt === null) return null
  return {
    action: 'cancel-backfill',
    target: `backfill:${after.id}`,
    clientId: after.clientId,
    before: { state: before.state, runs: before.runs },
    after: { state: after.state, runs: after.runs },
  }
}

/** A backfill of a client that the visitor may see. Throws HttpError `not-found`. */
export async function backfillInSight({ board, identity }: Context, id: string): Promise<BackfillView> {
  const backfill = await board.ledger.findBackfill(id)
  const isTheirs = identity.clientId === null || backfill?.clientId === identity.clientId
  if (backfill && isTheirs) return backfill
  throw notFound(`There is no backfill ${id}.`)
}

/** The backfills the visitor may see, newest first. Throws HttpError `other-client`. */
export async function backfillsInSight(
  context: Context,
  { client, cursor, limit }: { client?: string | undefined; cursor?: string | undefined; limit: number },
) {
  refuseOtherClient(context, client)
  const { board, identity } = context
  const bound = identity.clientId ?? client
  const chosen = { ...(bound === undefined ? {} : { clientId: bound }), ...(cursor === undefined ? {} : { cursor }) }
  return board.ledger.listBackfills({ ...chosen, limit })
}
