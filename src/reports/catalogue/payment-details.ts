import {
  type CustomerRevenue,
  customersTotal,
  largestRefunds,
  type MetricKey,
  type MoneySums,
  type Refund,
  revenueByCurrency,
  revenueOfPayments,
  topCustomers,
} from '../../analytics/metrics/index.ts'
import type { Check, Value } from '../document.ts'
import { totalOf, valueIn } from '../parts/measured.ts'
import type { MetricsData, OwnPart } from '../parts/metrics-report.ts'
import { checkOf } from '../parts/sums.ts'

export const TOP_CUSTOMERS = 20
export const LARGEST_REFUNDS = 20

/**
 * What a report on revenue says beside its metrics: who paid, what was paid back, and whether the payments say the
 * same.
 */
export type PaymentDetails = {
  otherCurrencies: ({ currency: string } & MoneySums)[]
  customers: CustomerRevenue[]
  customersTotal: MoneySums
  refunds: Refund[]
  /** Added up from the payments themselves; null when they are no longer kept. */
  facts: MoneySums | null
}

export const paymentDetails: OwnPart<PaymentDetails> = {
  async load(db, { client, window }) {
    const ask = { clientId: client.id, timeZone: client.timeZone, currency: client.currency, window }
    return {
      otherCurrencies: (await revenueByCurrency(db, ask)).filter(({ currency }) => currency !== client.currency),
      customers: await topCustomers(db, { ...ask, limit: TOP_CUSTOMERS }),
      customersTotal: await customersTotal(db, ask),
      refunds: await largestRefunds(db, { ...ask, limit: LARGEST_REFUNDS }),
      facts: await revenueOfPayments(db, ask),
    }
  },
  labels: () => ({}),
  notes: ({ otherCurrencies }, meta) =>
    otherCurrencies.map(
      ({ currency, orders, refunds }) =>
        `There are also ${orders} orders and ${refunds} refunds in ${currency}. They are not in any number here: this report is in ${meta.currency} alone.`,
    ),
  closing: () => [],
  checks: paymentChecks,
  definitions: () => [],
}

function paymentChecks({ whole, own }: MetricsData<PaymentDetails>): Check[] {
  const { facts } = own
  const total = (key: MetricKey): Value => valueIn(totalOf(whole), key)
  const customers = checkOf('Net of all customers = net revenue', netOf(own.customersTotal), total('net'), MONEY)
  if (facts === null) return [customers]
  return [
    customers,
    checkOf('Net of the payments, one by one = net revenue', netOf(facts), total('net'), MONEY),
    checkOf('Orders among the payments = orders', facts.orders, total('orders'), COUNT),
    checkOf('Refunds among the payments = refunds paid', facts.refunds, total('refundCount'), COUNT),
  ]
}

const MONEY = { type: 'money' } as const
const COUNT = { type: 'integer' } as const

function netOf({ gross_minor, refunded_minor }: MoneySums): number {
  return gross_minor + refunded_minor
}
