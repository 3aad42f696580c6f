import type { AnyDatabase } from '../../db/database.ts'
import type { Day } from '../../time.ts'

/** The first local day that each client has facts of; a client without any is not there. */
export async function firstFactDays(db: AnyDatabase, clientIds: readonly string[]): Promise<Map<string, Day>> {
  if (clientIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('rollup_days')
    .select((is) => ['client_id as clientId', is.fn.min('day').as('day')])
    .where('client_id', 'in', clientIds)
    .where('facts_version', '>', 0)
    .groupBy('client_id')
    .execute()
  return new Map(rows.map(({ clientId, day }) => [clientId, day]))
}
