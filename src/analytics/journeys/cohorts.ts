import type { ClientDatabase } from '../../db/database.ts'
import { sqlFile } from '../../sql.ts'
import { addDays, type Day } from '../../time.ts'
import { type Interval, wilsonInterval } from '../metrics/index.ts'
import type { KeptRows } from '../questions/index.ts'
import { type JourneyQuestion, type Trust, trustIn } from './journey-question.ts'
import { EVERY_DAY, readKept } from './read-kept.ts'

export const COHORT_GRAINS = ['week', 'month'] as const
export type CohortGrain = (typeof COHORT_GRAINS)[number]

/** What makes a customer active in a period: a contact, or an order (a charge in the client's currency). */
export const ACTIVITIES = ['contact', 'order'] as const
export type Activity = (typeof ACTIVITIES)[number]

/**
 * The window is of first contacts. `periods`: how many weeks or months after the first; `today`: the client's local day
 * now.
 */
export type CohortQuestion = JourneyQuestion & {
  grain: CohortGrain
  activity: Activity
  periods: number
  today: Day
}

export type CohortCell = {
  /** 0 is the week or month of the first contact itself. */
  period: number
  /** Customers of the cohort who were active, and their share of the cohort with its Wilson interval at 95 %. */
  customers: number
  retention: number
  interval: Interval | null
  /** Net revenue (charges less refunds) in minor units of the client's currency. */
  netMinor: number
  /** The period is not over, or a day of it is not rolled up or not since its last fact. */
  provisional: boolean
}

export type Cohort = {
  /** The first day of its ISO week or month. */
  from: Day
  customers: number
  /** The window holds only some days of the cohort's week or month. */
  isPartial: boolean
  netMinor: number
  /** Up to the period that holds today. */
  cells: CohortCell[]
}

export type Cohorts = { cohorts: Cohort[]; trust: Trust }

type Row = { cohort: Day; period: number | null; customers: number; net_minor: number }

const countCohorts = sqlFile<Row>(import.meta.dirname, 'cohorts.sql')

/**
 * Retention of customers by the week (ISO) or month of their first contact, with their revenue, from customer_metrics.
 * The first contact is customers.first_contact_at in the client's zone; for customers without one, the first day on
 * which customer_metrics knows them. What a customer did before the week or month of a stated first contact is in no
 * cell. retention = active in the period / all of the cohort, so that cells of one cohort can be compared; whoever
 * stays away and comes back is active again. Source: the usual cohort table, as in P. S. Fader and B. G. S. Hardie, How
 * to project customer retention, JIM 21 (2007).
 */
export async function measureCohorts(
  db: ClientDatabase,
  question: CohortQuestion,
  keptRows: KeptRows | null = null,
): Promise<Cohorts> {
  const { clientId, timeZone, window, grain, activity, periods, today } = question
  const parameters = [clientId, timeZone, window.from, window.to, grain, activity, periods]
  const standsOn = { kind: 'rolled-up', days: EVERY_DAY, today } as const
  const kept = { clientId, question: ['cohorts', ...parameters], standsOn }
  const { rows, asOf } = await readKept(db, kept, () => countCohorts(db, parameters), keptRows)
  const byCohort = Map.groupBy(rows, (row) => row.cohort)
  const [first = window.from] = byCohort.keys()
  const last = periodStart(grain, [...byCohort.keys()].at(-1) ?? window.from, periods + 1)
  const days = { from: first, to: last < addDays(today, 1) ? last : addDays(today, 1) }
  const trust = await trustIn(db, clientId, { window: days, asOf })
  const cohorts = [...byCohort].map(([from, own]) => cohortOf(question, from, own, trust.provisionalDays))
  return { cohorts, trust }
}

/** The first day of the week or month so many after the one that begins on `from`. */
function periodStart(grain: CohortGrain, from: Day, periods: number): Day {
  return Temporal.PlainDate.from(from)
    .add({ [`${grain}s`]: periods })
    .toString()
}

function cohortOf(question: CohortQuestion, from: Day, rows: readonly Row[], provisionalDays: Day[]): Cohort {
  const { grain, window, today, periods } = question
  const size = rows.find((row) => row.period === null)?.customers ?? 0
  const cells: CohortCell[] = []
  for (let period = 0; period <= periods && periodStart(grain, from, period) <= today; period += 1) {
    const days = { from: periodStart(grain, from, period), to: periodStart(grain, from, period + 1) }
    const row = rows.find((each) => each.period === period)
    const customers = row?.customers ?? 0
    cells.push({
      period,
      customers,
      retention: customers / size,
      interval: wilsonInterval(customers, size),
      netMinor: row?.net_minor ?? 0,
      provisional: days.to > today || provisionalDays.some((day) => day >= days.from && day < days.to),
    })
  }
  return {
    from,
    customers: size,
    isPartial: from < window.from || periodStart(grain, from, 1) > window.to,
    netMinor: cells.reduce((sum, cell) => sum + cell.netMinor, 0),
    cells,
  }
}
