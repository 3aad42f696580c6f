/**
 * The additive numbers that roll-ups keep, by family; every metric is made of their sums. They are named as the columns
 * that hold them: `_s` are seconds, `_minor` minor units of the client's currency, `_milli` and `_centi` thousandths
 * and hundredths of what was given. The SQL of a family says what it counts.
 */
const FAMILIES = {
  contacts: [
    ...['offered', 'answered', 'abandoned', 'short_abandoned', 'missed', 'answered_in_threshold'],
    ...['wait_answered_s', 'talk_s', 'hold_s', 'wrap_s', 'resolved', 'resolved_first', 'repeats', 'escalated'],
    ...['automated', 'assistant_contacts', 'automated_resolved', 'messages_in', 'messages_out', 'sentiment_count'],
    ...['sentiment_milli_sum', 'sentiment_positive', 'sentiment_negative', 'conversions', 'conversion_minor'],
    'follow_ups',
  ],
  satisfaction: [
    ...['csat_count', 'csat_sum', 'csat_satisfied', 'nps_count', 'nps_promoters', 'nps_detractors'],
    ...['recommend_count', 'recommend_yes'],
  ],
  quality: [
    ...['reviews', 'quality_centi_sum', 'professionalism_sum', 'professionalism_count', 'empathy_sum', 'empathy_count'],
    ...['resolution_sum', 'resolution_count', 'clarity_sum', 'clarity_count', 'responsiveness_sum'],
    ...['responsiveness_count', 'audio_clarity_centi_sum', 'audio_clarity_count', 'noise_centi_sum', 'noise_count'],
    ...['issues_critical', 'issues_major', 'issues_minor', 'issues_compliance', 'issues_tone', 'issues_procedure'],
    ...['issues_documentation', 'issues_resolved'],
  ],
  agentTime: ['available_s', 'handling_s', 'break_s', 'training_s', 'paid_s'],
  money: [
    ...['orders', 'refunds', 'gross_minor', 'refunded_minor', 'payouts_minor', 'fees_minor', 'cost_labour_minor'],
    ...['cost_technology_minor', 'cost_infrastructure_minor', 'cost_training_minor'],
  ],
  subscriptions: [
    ...['mrr_new_minor', 'mrr_expansion_minor', 'mrr_contraction_minor', 'mrr_churned_minor', 'subscribers_new'],
    'subscribers_churned',
  ],
  sales: [
    ...['leads', 'leads_minor', 'stage_changes', 'deals_opened', 'deals_opened_minor', 'deals_won', 'deals_won_minor'],
    ...['deals_lost', 'deals_lost_minor', 'cycle_days_sum', 'cycle_count'],
  ],
  campaigns: ['spend_minor', 'impressions', 'clicks', 'contacted', 'responded', 'touchpoints'],
  marketplace: [
    ...['requests', 'requests_completed', 'requests_cancelled', 'bookings', 'bookings_completed', 'bookings_no_show'],
    ...['bookings_cancelled', 'bookings_cancelled_in_time', 'bookings_moved', 'booked_s', 'provider_available_s'],
  ],
  events: ['events', 'customers_new'],
  dataQuality: ['quarantined'],
} as const

export type FamilyName = keyof typeof FAMILIES
export type Component = (typeof FAMILIES)[FamilyName][number]

/** What revenue is added up from. */
export const MONEY_COMPONENTS = ['orders', 'refunds', 'gross_minor', 'refunded_minor'] as const

/** The columns of agent_metrics. */
export const AGENT_COMPONENTS = [
  ...FAMILIES.contacts,
  ...FAMILIES.satisfaction,
  ...FAMILIES.quality,
  ...FAMILIES.agentTime,
  ...MONEY_COMPONENTS,
] as const

/** The columns of daily_metrics and performance_trends. */
export const COMPONENTS: readonly Component[] = Object.values(FAMILIES).flat()

export type AgentComponent = (typeof AGENT_COMPONENTS)[number]
export type MoneyComponent = (typeof MONEY_COMPONENTS)[number]

/** Sums of components that were read; what is missing was not. */
export type ComponentSums = Partial<Record<Component, number>>
/** The sums of agent_metrics. */
export type Sums = Record<AgentComponent, number>
export type MoneySums = Record<MoneyComponent, number>

export function isFamily(name: string): name is FamilyName {
  return Object.hasOwn(FAMILIES, name)
}

export function componentsOf(family: FamilyName): readonly Component[] {
  return FAMILIES[family]
}

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>
}

/** The sums of nothing. */
export const NO_SUMS: Sums = zeros(AGENT_COMPONENTS)
export const NO_MONEY: MoneySums = zeros(MONEY_COMPONENTS)
