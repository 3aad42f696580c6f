import type { Serial } from './calendar.ts'
import { campaignSpendOf } from './campaigns.ts'
import { costsOf } from './costs.ts'
import { openMarketplace } from './marketplace.ts'
import { openPlanSubscriptions } from './plan-subscriptions.ts'
import type { Roster } from './roster.ts'
import { openSales } from './sales.ts'
import type { Served } from './serve.ts'
import { statusChangesOf } from './statuses.ts'
import { openTouchpoints } from './touchpoints.ts'
import { eventsOf } from './visits.ts'
import { type Dealings, joinDealings, type SampleWorld } from './world.ts'

/** Everything of a day beside its contacts and orders. Takes days in order, each once. */
export function openDealings(
  world: SampleWorld,
): (serial: Serial, roster: Roster, served: readonly Served[]) => Dealings {
  const touchpointsOn = openTouchpoints(world)
  const others = [openSales(world), openPlanSubscriptions(world), openMarketplace(world)]
  return (serial, roster, served) =>
    joinDealings([
      {
        rows: {
          agent_status_changes: statusChangesOf(world, serial, roster, served),
          cost_analysis: costsOf(world, serial, roster),
          campaign_spend: campaignSpendOf(world, serial),
          touchpoints: touchpointsOn(serial),
          analytics_events: eventsOf(world, serial),
        },
        changes: {},
      },
      ...others.map((dealingsOn) => dealingsOn(serial)),
    ])
}
