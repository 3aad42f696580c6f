import { dayAtSerial, type Serial, serialOf } from './calendar.ts'
import { nthWeekday } from './holidays.ts'
import type { SampleClient, YearlyCampaign } from './sample-client.ts'

/** A campaign of one year; both days included. */
export type Campaign = { id: string; plan: YearlyCampaign; from: Serial; last: Serial }

/** When which campaign runs. None crosses New Year. */
export type CampaignBook = {
  on(serial: Serial): readonly Campaign[]
  /** Every campaign with a day in the window, both days included. */
  within(from: Serial, last: Serial): Campaign[]
}

export function openCampaigns(client: SampleClient): CampaignBook {
  const known = new Map<number, Campaign[]>()
  const running = new Map<Serial, Campaign[]>()
  const ofYear = (year: number) => {
    const found = known.get(year)
    if (found) return found
    const made = client.campaigns.map((plan) => campaignOf(plan, year))
    known.set(year, made)
    return made
  }
  return {
    on(serial) {
      const found = running.get(serial)
      if (found) return found
      const made = ofYear(yearOf(serial)).filter(({ from, last }) => from <= serial && serial <= last)
      running.set(serial, made)
      return made
    },
    within: (from, last) =>
      Array.from({ length: yearOf(last) - yearOf(from) + 1 }, (_, index) => ofYear(yearOf(from) + index))
        .flat()
        .filter((campaign) => campaign.from <= last && campaign.last >= from),
  }
}

function campaignOf(plan: YearlyCampaign, year: number): Campaign {
  const from = serialOf(nthWeekday(year, plan.month, plan.weekday, plan.rank))
  return { id: `${plan.id}-${year}`, plan, from, last: from + plan.days - 1 }
}

function yearOf(serial: Serial): number {
  return Number(dayAtSerial(serial).slice(0, 4))
}
