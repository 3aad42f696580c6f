import { dayAtSerial, type Serial } from './calendar.ts'
import type { Campaign } from './campaign-book.ts'
import type { Random } from './random.ts'
import { type CampaignRow, type CampaignSpendRow, idOf, isoOf } from './rows.ts'
import type { SampleClient } from './sample-client.ts'
import { drawsOf, type SampleWorld } from './world.ts'

/** The share of contacts and orders in its days that a campaign brought. */
const PULL = 0.3
const CLICK_SHARE = { min: 0.008, max: 0.022 }
const RESPONSE_SHARE = { min: 0.04, max: 0.1 }
/** The local hour at which a day's spend is booked. */
const BOOKED_HOUR = 22

export function campaignRow({ id, currency }: SampleClient, campaign: Campaign): CampaignRow {
  const { plan, from, last } = campaign
  return {
    client_id: id,
    id: campaign.id,
    name: plan.name,
    channel: plan.channel,
    starts_on: dayAtSerial(from),
    ends_on: dayAtSerial(last),
    budget_minor: plan.dailyMinor * plan.days,
    currency,
  }
}

/** Draws which campaign, if any, brought one contact, order or lead of a day. */
export function campaignDrawer(world: SampleWorld, serial: Serial, purpose: string): () => string | null {
  const running = world.campaigns.on(serial)
  if (running.length === 0) return () => null
  const random = drawsOf(world, serial, `campaigns of ${purpose}`)
  return () => (random.chance(PULL) ? random.pick(running).id : null)
}

/** What the campaigns of a day cost and whom they reached, a row for each. */
export function campaignSpendOf(world: SampleWorld, serial: Serial): CampaignSpendRow[] {
  const running = world.campaigns.on(serial)
  if (running.length === 0) return []
  const random = drawsOf(world, serial, 'campaign spend')
  return running.map((campaign, index) => spendRow(random, world, serial, campaign, index + 1))
}

function spendRow(
  random: Random,
  { calendar }: SampleWorld,
  serial: Serial,
  { id, plan }: Campaign,
  number: number,
): CampaignSpendRow {
  const day = calendar.dayAt(serial)
  const amountMinor = Math.round(plan.dailyMinor * random.logNormal(1, 0.15))
  const impressions = Math.round((1000 * amountMinor) / plan.perThousandMinor)
  const contacted = Math.round(plan.contactsPerDay * random.logNormal(1, 0.2))
  return {
    client_id: calendar.client.id,
    id: idOf(day.day, 'k', number),
    spent_at: isoOf(calendar.instantMs(day, BOOKED_HOUR)),
    campaign_id: id,
    channel: plan.channel,
    amount_minor: amountMinor,
    currency: calendar.client.currency,
    impressions,
    clicks: Math.round(impressions * random.between(CLICK_SHARE.min, CLICK_SHARE.max)),
    contacted,
    responded: Math.round(contacted * random.between(RESPONSE_SHARE.min, RESPONSE_SHARE.max)),
  }
}
