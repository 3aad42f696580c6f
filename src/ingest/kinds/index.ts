import { InputError } from '../../errors.ts'
import { suggestion } from '../../nearest.ts'
import { agentStatusChanges } from './agent-status-changes.ts'
import { agents } from './agents.ts'
import { bookings } from './bookings.ts'
import { campaignSpend } from './campaign-spend.ts'
import { campaigns } from './campaigns.ts'
import { costs } from './costs.ts'
import { customers } from './customers.ts'
import { deals } from './deals.ts'
import { events } from './events.ts'
import { interactions } from './interactions.ts'
import type { FactKind } from './kind.ts'
import { leadStageChanges } from './lead-stage-changes.ts'
import { leads } from './leads.ts'
import { payments } from './payments.ts'
import { providerAvailability } from './provider-availability.ts'
import { qualityIssues } from './quality-issues.ts'
import { qualityScores } from './quality-scores.ts'
import { queueSnapshots } from './queue-snapshots.ts'
import { requests } from './requests.ts'
import { sectors } from './sectors.ts'
import { subscriptions } from './subscriptions.ts'
import { surveys } from './surveys.ts'
import { touchpoints } from './touchpoints.ts'

/**
 * Every kind of fact that can be brought in: first what facts refer to, so that this is also an order to bring them in.
 */
export const kinds: readonly FactKind[] = [
  sectors,
  agents,
  customers,
  campaigns,
  interactions,
  surveys,
  qualityScores,
  qualityIssues,
  leads,
  leadStageChanges,
  deals,
  campaignSpend,
  touchpoints,
  requests,
  bookings,
  providerAvailability,
  subscriptions,
  payments,
  costs,
  events,
  agentStatusChanges,
  queueSnapshots,
]

/** The kind a person means by a name or another name of it. */
export function findKind(name: string): FactKind {
  const found = kinds.find((kind) => kind.name === name || kind.aliases.includes(name))
  if (found !== undefined) return found
  const names = kinds.map((kind) => kind.name)
  const near = suggestion(name, [...names, ...kinds.flatMap((kind) => kind.aliases)])
  throw new InputError('unknown-kind', `There are no "${name}" to import, only ${names.join(', ')}${near}.`)
}
