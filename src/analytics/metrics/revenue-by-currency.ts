import type { ClientDatabase } from '../../db/database.ts'
import type { DayWindow } from '../../time.ts'
import { MONEY_COMPONENTS, type MoneySums } from './components.ts'

/** Revenue of a window in each currency of its payments. Metrics are in the client's alone: sums never mix them. */
export async function revenueByCurrency(
  db: ClientDatabase,
  { clientId, window }: { clientId: string; window: DayWindow },
): Promise<({ currency: string } & MoneySums)[]> {
  return db
    .selectFrom('revenue_metrics')
    .select('currency')
    .select((eb) => MONEY_COMPONENTS.map((name) => eb.fn.sum<number>(name).as(name)))
    .where('client_id', '=', clientId)
    .where('day', '>=', window.from)
    .where('day', '<', window.to)
    .groupBy('currency')
    .orderBy('currency')
    .execute()
}
