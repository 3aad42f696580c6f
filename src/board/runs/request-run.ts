import { sql } from 'kysely'
import type { AuditEntry } from '../../people/audit.ts'
import type { Ledger, RequestOptions, RunRequest } from '../../queues/index.ts'
import type { Context } from '../http/context.ts'
import { HttpError, notFound } from '../http/problem.ts'

/**
 * Asks the ledger for a run on a visitor's behalf, for their own client only. Throws HttpError `other-client`,
 * `no-such-client`.
 */
export async function requestRun(
  context: Context,
  request: RunRequest,
  again: RequestOptions['again'],
): Promise<{ result: Awaited<ReturnType<Ledger['request']>>; audit: AuditEntry | null }> {
  const clientId = request.job.client(request.payload)
  await checkClient(context, clientId)
  const { identity, board } = context
  const result = await board.ledger.request(request, {
    origin: originOf(identity),
    requestedBy: identity.name,
    again,
  })
  const after = { job: request.job.name, key: request.job.key(request.payload), again }
  const audit = { action: 'request-run', target: `run:${result.runId}`, clientId, before: null, after }
  return { result, audit: result.created || again !== 'no' ? audit : null }
}

/** Who asks, as the ledger calls them. */
export function originOf({ kind }: Context['identity']): 'person' | 'program' {
  return kind === 'user' ? 'person' : 'program'
}

/** Throws HttpError `other-client`, `no-such-client`. */
export async function checkClient({ identity, db }: Context, clientId: string | null): Promise<void> {
  if (identity.clientId !== null && clientId !== identity.clientId) {
    throw new HttpError('other-client', `You act for ${identity.clientId}, and this is not about it.`)
  }
  if (clientId === null) return
  const client = await db.selectFrom('clients').select('id').where('id', '=', clientId).executeTakeFirst()
  if (client) return
  const errors = [{ in: 'body' as const, pointer: '/clientId', detail: 'There is no such client.' }]
  throw new HttpError('no-such-client', `There is no client "${clientId}".`, { errors })
}

/** What retry and cancel do to a run the visitor may see. Throws HttpError `not-found`, and what the ledger throws. */
export async function changeRun(context: Context, runId: string, action: 'retry' | 'cancel'): Promise<AuditEntry> {
  const run = await runInSight(context, runId)
  await context.board.ledger[action](runId, context.identity.name)
  const after = await runInSight(context, runId)
  return {
    action: `${action}-run`,
    target: `run:${runId}`,
    clientId: run.client_id,
    before: { job: run.job, key: run.key, state: run.state },
    after: { state: after.state, cancelRequested: after.cancelRequested },
  }
}

/** A run as the visitor's own database handle shows it: another client's is not there. */
export async function runInSight({ db }: Context, runId: string) {
  const run = await db
    .selectFrom('runs')
    .select([
      'id',
      'job',
      'key',
      'client_id',
      'state',
      sql<boolean>`cancel_requested_at is not null`.as('cancelRequested'),
    ])
    .where('id', '=', runId)
    .executeTakeFirst()
  if (!run) throw notFound(`There is no run ${runId}.`)
  return run
}
