import { dayAtSerial, drawMoment, type Serial } from './calendar.ts'
import { type Random, randomOf } from './random.ts'
import { idOf, isoOf, type SampleRows } from './rows.ts'
import type { Plan, SampleClient } from './sample-client.ts'
import { type Due, openTimeline } from './timeline.ts'
import type { Dealings, SampleWorld } from './world.ts'

type SubscriptionRow = SampleRows['subscriptions'][number]
/** A stretch in which somebody pays the same for the same, from some time of one day to some time of another. */
type Period = { id: string; customerId: string; plan: Plan; from: Serial; to: Serial | null }

/** Whoever has subscribed for so long stays as they are. */
const SUBSCRIPTION_DAYS_MAX = 420
/** Until something changes. */
const PERIOD = { medianDays: 120, spread: 0.8, minDays: 14 }
const UPGRADE_SHARE = 0.3
const DOWNGRADE_SHARE = 0.15
/** Of those who leave, some come back after a while. */
const RETURN = { share: 0.18, minDays: 20, maxDays: 75 }

/** Subscriptions that begin on a day, and those that end on it because somebody leaves or changes the plan. */
export function openPlanSubscriptions(world: SampleWorld): (serial: Serial) => Dealings {
  const momentsOn = openTimeline(SUBSCRIPTION_DAYS_MAX, (origin) => periodsOf(world, origin).flatMap(momentsOf))
  return (serial) => {
    const moments = momentsOn(serial)
    const rowsOf = (isEnd: boolean) =>
      moments.filter((moment) => moment.isEnd === isEnd).map(({ period }) => subscriptionRow(world, period, isEnd))
    return { rows: { subscriptions: rowsOf(false) }, changes: { subscriptions: rowsOf(true) } }
  }
}

function momentsOf(period: Period): Due<{ period: Period; isEnd: boolean }>[] {
  const begins = { serial: period.from, item: { period, isEnd: false } }
  return period.to === null ? [begins] : [begins, { serial: period.to, item: { period, isEnd: true } }]
}

/** All periods of those who subscribe for the first time on a day. */
function periodsOf({ seed, calendar, customers }: SampleWorld, origin: Serial): Period[] {
  const { client } = calendar
  const day = dayAtSerial(origin)
  const random = randomOf(seed, client.id, day, 'subscriptions')
  return Array.from({ length: random.poisson(client.subscriptions.newPerDay) }, (_, index) =>
    drawPeriods(random, client, origin, idOf(day, 'v', index + 1), random.pick(customers.founders).id),
  ).flat()
}

function drawPeriods(random: Random, client: SampleClient, origin: Serial, id: string, customerId: string): Period[] {
  const { plans } = client.subscriptions
  const lastDay = origin + SUBSCRIPTION_DAYS_MAX
  const periods: Period[] = []
  let plan = random.weighted(plans)
  // Every period lasts for days, so that the last day is reached.
  for (let from: Serial | null = origin; from !== null; ) {
    const until: Serial =
      from + Math.max(Math.round(random.logNormal(PERIOD.medianDays, PERIOD.spread)), PERIOD.minDays)
    const to = until > lastDay ? null : until
    periods.push({ id: `${id}-${periods.length + 1}`, customerId, plan, from, to })
    if (to === null) return periods
    const next = nextPlan(random, plans, plan)
    const backOn: Serial = to + random.integer(RETURN.minDays, RETURN.maxDays)
    const comesBack: boolean = random.chance(RETURN.share) && backOn <= lastDay
    from = next === null ? (comesBack ? backOn : null) : to
    plan = next ?? plan
  }
  return periods
}

/** The next larger or smaller plan; null: none any more. */
function nextPlan(random: Random, plans: readonly Plan[], plan: Plan): Plan | null {
  const luck = random.unit()
  const place = plans.indexOf(plan)
  if (luck < UPGRADE_SHARE) return plans[place + 1] ?? plans[place - 1] ?? null
  if (luck < UPGRADE_SHARE + DOWNGRADE_SHARE) return plans[place - 1] ?? plans[place + 1] ?? null
  return null
}

/** Where one period of a customer ends and another begins, they do so at the same instant. */
function instantOf({ seed, calendar }: SampleWorld, { id }: Period, serial: Serial): string {
  const day = calendar.dayAt(serial)
  const subscription = id.slice(0, id.lastIndexOf('-'))
  return isoOf(drawMoment(randomOf(seed, calendar.client.id, subscription, day.day), day, 'orders'))
}

function subscriptionRow(world: SampleWorld, period: Period, hasEnded: boolean): SubscriptionRow {
  const { client } = world.calendar
  return {
    client_id: client.id,
    id: period.id,
    customer_id: period.customerId,
    plan: period.plan.id,
    starts_at: instantOf(world, period, period.from),
    ends_at: hasEnded && period.to !== null ? instantOf(world, period, period.to) : null,
    amount_minor: period.plan.amountMinor,
    interval_months: period.plan.intervalMonths,
    currency: client.currency,
  }
}
