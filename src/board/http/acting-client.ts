import type { KeptFrom } from '../../analytics/journeys/index.ts'
import type { HttpCode } from '../../codes/index.ts'
import type { ClientDatabase } from '../../db/database.ts'
import { addDays, type Day, dayOf } from '../../time.ts'
import type { Context } from './context.ts'
import { refuseOtherClient } from './own-client.ts'
import { HttpError } from './problem.ts'

/** The client that a visitor acts for, with a handle that sees its rows only. */
export type ActingClient = {
  clientId: string
  timeZone: string
  currency: string
  today: Day
  keptFrom: KeptFrom
  db: ClientDatabase
}

/**
 * The client that a visitor reads or writes facts of: the one they name, or their own. Throws HttpError `client-needed`
 * when neither says which, `other-client`, `no-such-client`.
 */
export async function actingClient(context: Context, named: string | undefined): Promise<ActingClient> {
  refuseOtherClient(context, named)
  const clientId = named ?? context.identity.clientId
  if (clientId === null) throw refusal('client-needed', 'You act for every client: name one with ?client=ID.')
  const db = context.board.database.forClient(clientId)
  const client = await db
    .selectFrom('clients')
    .select(['time_zone', 'currency'])
    .where('id', '=', clientId)
    .executeTakeFirst()
  if (!client) throw refusal('no-such-client', `There is no client "${clientId}".`)
  const today = dayOf(context.board.clock(), client.time_zone)
  // Months go by UTC: the first of the days that are kept may have begun before its month.
  const firstOf = (days: number | null) => (days === null ? null : addDays(today, 1 - days))
  const keptFrom = { events: firstOf(context.board.eventDays), facts: firstOf(context.board.factDays) }
  return { clientId, timeZone: client.time_zone, currency: client.currency, today, keptFrom, db }
}

function refusal(code: HttpCode, detail: string): HttpError {
  return new HttpError(code, detail, { errors: [{ in: 'query', pointer: 'client', detail }] })
}
