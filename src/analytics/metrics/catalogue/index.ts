import { AGENT_TIME_METRICS } from './agent-time.ts'
import { CAMPAIGN_METRICS } from './campaigns.ts'
import { CONTACT_OUTCOME_METRICS } from './contact-outcomes.ts'
import { CONTACT_METRICS } from './contacts.ts'
import { EVENT_METRICS } from './events.ts'
import { MARKETPLACE_METRICS } from './marketplace.ts'
import type { Metric } from './metric.ts'
import { MONEY_METRICS } from './money.ts'
import { QUALITY_METRICS } from './quality.ts'
import { SALES_METRICS } from './sales.ts'
import { SATISFACTION_METRICS } from './satisfaction.ts'
import { SUBSCRIPTION_METRICS } from './subscriptions.ts'

/** Every metric there is, by family. A new one is declared in the file of its family; a new family is one line here. */
export const METRICS = {
  ...CONTACT_METRICS,
  ...CONTACT_OUTCOME_METRICS,
  ...SATISFACTION_METRICS,
  ...QUALITY_METRICS,
  ...AGENT_TIME_METRICS,
  ...MONEY_METRICS,
  ...SUBSCRIPTION_METRICS,
  ...SALES_METRICS,
  ...CAMPAIGN_METRICS,
  ...MARKETPLACE_METRICS,
  ...EVENT_METRICS,
} satisfies Record<string, Metric>

export type MetricKey = keyof typeof METRICS
