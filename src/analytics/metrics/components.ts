/** The additive numbers that roll-ups keep; every metric is made of their sums. They are named as the columns that hold them. */
const CONTACT_COMPONENTS = [
  'offered',
  'answered',
  'abandoned',
  'short_abandoned',
  'missed',
  'answered_in_threshold',
  'wait_answered_s',
  'talk_s',
  'hold_s',
  'wrap_s',
  'resolved',
  'resolved_first',
  'escalated',
  'automated',
  'csat_count',
  'csat_sum',
  'csat_satisfied',
  'nps_count',
  'nps_promoters',
  'nps_detractors',
] as const
export const MONEY_COMPONENTS = ['orders', 'refunds', 'gross_minor', 'refunded_minor'] as const
export const COMPONENTS = [...CONTACT_COMPONENTS, ...MONEY_COMPONENTS] as const

export type Component = (typeof COMPONENTS)[number]
export type MoneyComponent = (typeof MONEY_COMPONENTS)[number]
export type Sums = Record<Component, number>
export type MoneySums = Record<MoneyComponent, number>

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>
}

/** The sums of nothing. */
export const NO_SUMS: Sums = zeros(COMPONENTS)
export const NO_MONEY: MoneySums = zeros(MONEY_COMPONENTS)
