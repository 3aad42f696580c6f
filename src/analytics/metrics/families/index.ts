import { agentTime } from './agent-time.ts'
import { campaigns } from './campaigns.ts'
import { contacts } from './contacts.ts'
import { events } from './events.ts'
import type { Family } from './family.ts'
import { marketplace } from './marketplace.ts'
import { money } from './money.ts'
import { quality } from './quality.ts'
import { sales } from './sales.ts'
import { satisfaction } from './satisfaction.ts'
import { subscriptions } from './subscriptions.ts'

/** Every family there is, in the order they are rolled up. A new one is a file here and a line below. */
export const FAMILIES: readonly Family[] = [
  contacts,
  satisfaction,
  quality,
  agentTime,
  money,
  subscriptions,
  sales,
  campaigns,
  marketplace,
  events,
]
