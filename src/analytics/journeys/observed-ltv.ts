import type { ClientDatabase } from '../../db/database.ts'
import { sqlFile } from '../../sql.ts'
import type { Day } from '../../time.ts'
import { type CustomerRevenue, topCustomers } from '../metrics/index.ts'
import type { KeptRows } from '../questions/index.ts'
import { type JourneyQuestion, type Trust, trustIn } from './journey-question.ts'
import { type KeptAnswer, readKept } from './read-kept.ts'

const QUANTILES = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1]

/** `today`: the client's local day now; `top`: how many of the customers with the most net revenue are named. */
export type ObservedLtvQuestion = Pick<JourneyQuestion, 'clientId' | 'window'> & { today: Day; top: number }

export type ObservedLtv = {
  /** Those who dealt with the business in the window, and those of them who ordered. */
  customers: number
  payingCustomers: number
  /** Net revenue (charges less refunds) of known customers, and per customer; minor units of the client's currency. */
  netMinor: number
  perCustomerMinor: number | null
  /** Net revenue nobody is known for: with netMinor it is the net revenue of the window. */
  unknownMinor: number
  /** The net revenue that such a share of customers does not exceed. */
  quantiles: { share: number; netMinor: number }[]
  top: readonly CustomerRevenue[]
  trust: Trust
}

type Row = {
  customers: number
  paying_customers: number
  net_minor: number
  unknown_minor: number
  /** The driver leaves whole numbers of an array as text. */
  quantiles: string[] | null
}

const addUpCustomers = sqlFile<Row>(import.meta.dirname, 'observed-ltv.sql')

/**
 * Customer lifetime value as observed: net revenue / customers, over the customers of customer_metrics in a window. It
 * is a floor, for nobody's life with the business is over. Source: the definition of docs/metrics.md; projected value:
 * projectLtv.
 */
export async function observeLtv(
  db: ClientDatabase,
  question: ObservedLtvQuestion,
  keptRows: KeptRows | null = null,
): Promise<ObservedLtv> {
  const { clientId, window, today } = question
  const parameters = [clientId, window.from, window.to, QUANTILES]
  const standsOn = { kind: 'rolled-up', days: window, today } as const
  const kept = { clientId, question: ['observed-ltv', ...parameters], standsOn }
  const { rows, asOf } = await readKept(db, kept, () => addUpCustomers(db, parameters), keptRows)
  const { customers = 0, paying_customers = 0, net_minor = 0, unknown_minor = 0, quantiles = null } = rows[0] ?? {}
  const top = await topOf(db, question, keptRows)
  return {
    customers,
    payingCustomers: paying_customers,
    netMinor: net_minor,
    perCustomerMinor: customers === 0 ? null : Math.round(net_minor / customers),
    unknownMinor: unknown_minor,
    quantiles: (quantiles ?? []).map((netMinor, index) => ({
      share: QUANTILES[index] ?? 1,
      netMinor: Number(netMinor),
    })),
    top: top.rows,
    // Both are of the same night.
    trust: await trustIn(db, clientId, { window, asOf: asOf ?? top.asOf }),
  }
}

/** Names are read each time: they are not kept, and no day knows when one changes or goes. */
async function topOf(
  db: ClientDatabase,
  { clientId, window, today, top }: ObservedLtvQuestion,
  keptRows: KeptRows | null,
): Promise<KeptAnswer<CustomerRevenue>> {
  const standsOn = { kind: 'rolled-up', days: window, today } as const
  const { rows, asOf } = await readKept(
    db,
    { clientId, question: ['top-customers', top], standsOn },
    async () => {
      const found = await topCustomers(db, { clientId, window, limit: top })
      return found.map((customer) => ({ ...customer, name: null }))
    },
    keptRows,
  )
  if (rows.length === 0) return { rows, asOf }
  const ids = rows.map(({ customerId }) => customerId)
  const named = await db
    .selectFrom('customers')
    .select(['id', 'name'])
    .where('client_id', '=', clientId)
    .where('id', 'in', ids)
    .execute()
  const names = new Map(named.map(({ id, name }) => [id, name]))
  return { rows: rows.map((row) => ({ ...row, name: names.get(row.customerId) ?? null })), asOf }
}
