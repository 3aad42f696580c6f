import type { ClientDatabase } from '../../db/database.ts'
import { addDays, type Day, type DayWindow } from '../../time.ts'
import type { KeptRows } from '../questions/index.ts'
import { ATTRIBUTION_MODELS, attributeConversions } from './attribution.ts'
import { ACTIVITIES, measureCohorts } from './cohorts.ts'
import { type FunnelStep, measureFunnel } from './funnel.ts'
import { observeLtv } from './observed-ltv.ts'
import { projectLtv } from './projected-ltv.ts'

/** `today`: the client's local day, none of which is in any of the windows. */
export type StandingClient = { clientId: string; timeZone: string; currency: string; today: Day }

/** One that pages ask every day. */
export type StandingQuestion = { name: string; ask(db: ClientDatabase, kept: KeptRows | null): Promise<unknown> }

const DAYS = [30, 90, 365] as const
const COHORT_MONTHS = [12, 24] as const

/** From a contact to an order, and from a booking to the money for it. */
const FUNNELS: Record<string, readonly FunnelStep[]> = {
  'contact to payment': [{ kind: 'interaction', channel: null }, { kind: 'payment' }],
  'booking to payment': [
    { kind: 'booking', state: 'scheduled' },
    { kind: 'booking', state: 'completed' },
    { kind: 'payment' },
  ],
}

/**
 * What the night prepares: what the API asks when nothing but the window is given, over the last 30, 90 and 365 days
 * before today; cohorts over the last 12 and 24 months as well, by order and by contact.
 */
export function standingQuestions({ clientId, timeZone, currency, today }: StandingClient): StandingQuestion[] {
  const client = { clientId, timeZone, currency, today, keptFrom: { events: null, facts: null } }
  const last = (days: number): DayWindow => ({ from: addDays(today, -days), to: today })
  return [
    ...cohortWindows(today).flatMap(([name, window]) =>
      ACTIVITIES.map((activity): StandingQuestion => {
        const asked = { ...client, window, grain: 'month', activity, periods: 12 } as const
        return { name: `cohorts by ${activity}, ${name}`, ask: (db, kept) => measureCohorts(db, asked, kept) }
      }),
    ),
    ...DAYS.flatMap((days): StandingQuestion[] => {
      const asked = { ...client, window: last(days) }
      const money = { ...asked, conversion: 'payment', by: 'campaign', lookbackDays: 30, halfLifeDays: 7 } as const
      const name = `${days} days`
      return [
        { name: `lifetime value, ${name}`, ask: (db, kept) => observeLtv(db, { ...asked, top: 10 }, kept) },
        {
          name: `lifetime value projected, ${name}`,
          ask: (db, kept) => projectLtv(db, { ...asked, horizonMonths: 36 }, kept),
        },
        ...ATTRIBUTION_MODELS.map((model) => ({
          name: `attribution by ${model}, ${name}`,
          ask: (db: ClientDatabase, kept: KeptRows | null) => attributeConversions(db, { ...money, model }, kept),
        })),
        ...Object.entries(FUNNELS).map(([funnel, steps]) => ({
          name: `funnel from ${funnel}, ${name}`,
          ask: (db: ClientDatabase, kept: KeptRows | null) =>
            measureFunnel(db, { ...asked, steps, conversionDays: 7, split: 'none' }, kept),
        })),
      ]
    }),
  ]
}

function cohortWindows(today: Day): [string, DayWindow][] {
  const month = Temporal.PlainDate.from(today).with({ day: 1 })
  const ofMonths = COHORT_MONTHS.map((months): [string, DayWindow] => [
    `${months} months`,
    { from: month.subtract({ months: months - 1 }).toString(), to: today },
  ])
  return [...ofMonths, ['365 days', { from: addDays(today, -365), to: today }]]
}
