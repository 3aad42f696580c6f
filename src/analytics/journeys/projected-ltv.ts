import type { ClientDatabase } from '../../db/database.ts'
import { sqlFile } from '../../sql.ts'
import type { Day } from '../../time.ts'
import type { KeptRows } from '../questions/index.ts'
import { type JourneyQuestion, type Trust, trustIn } from './journey-question.ts'
import {
  type AgeSums,
  addAges,
  bootstrapInterval,
  HORIZON_MONTHS_MAX,
  observedAges,
  type Projection,
  projectFrom,
  tooLittleFor,
} from './ltv-projection.ts'
import { EVERY_DAY, readKept } from './read-kept.ts'

/** Random parts of the customers that the interval is drawn from. */
const GROUPS = 50

/**
 * The window is of first contacts; `today`: the client's local day now; `horizonMonths`: 1 to 60, more is cut to 60.
 */
export type ProjectedLtvQuestion = JourneyQuestion & { today: Day; horizonMonths: number }

type Figures = Projection & {
  horizonMonths: number
  /** Ages that are observed, from 0; the others are projected. */
  observedMonths: number
  customers: number
  /** At 95 %, see bootstrapInterval. */
  lowMinor: number
  highMinor: number
}

export type ProjectedLtv = { refused: string } | (Figures & { trust: Trust })

type Row = { part: number; age: number; customers: number; active: number; followed: number; net_minor: number }

const countAges = sqlFile<Row>(import.meta.dirname, 'projected-ltv.sql')

/**
 * What a customer will have brought in some months after the first contact, from the retention and revenue of the
 * cohorts of a window; see projectFrom for the formula. Refused, with the reason, where there is too little history.
 */
export async function projectLtv(
  db: ClientDatabase,
  question: ProjectedLtvQuestion,
  keptRows: KeptRows | null = null,
): Promise<ProjectedLtv> {
  const { clientId, timeZone, window, today } = question
  const horizonMonths = Math.min(HORIZON_MONTHS_MAX, question.horizonMonths)
  const openMonth = `${today.slice(0, 7)}-01`
  const parameters = [clientId, timeZone, window.from, window.to, openMonth, GROUPS]
  const standsOn = { kind: 'rolled-up', days: EVERY_DAY, today } as const
  const kept = { clientId, question: ['projected-ltv', horizonMonths, ...parameters], standsOn }
  const { rows, asOf } = await readKept(
    db,
    kept,
    async () => [project(await countAges(db, parameters), horizonMonths)],
    keptRows,
  )
  const [figures] = rows
  if (figures === undefined) throw new TypeError('a projection is one row')
  if ('refused' in figures) return asOf === null ? figures : { refused: `${figures.refused} This is as of ${asOf}.` }
  const days = { from: window.from, to: openMonth < window.from ? window.from : openMonth }
  return { ...figures, trust: await trustIn(db, clientId, { window: days, asOf }) }
}

function project(rows: readonly Row[], horizonMonths: number): Figures | { refused: string } {
  const groups = [...Map.groupBy(rows, (row) => row.part).values()].map((own) => own.map(agesOf))
  const ages = addAges(groups)
  const refused = tooLittleFor(ages)
  if (refused !== null) return { refused }
  const observedMonths = observedAges(ages)
  return {
    ...projectFrom(ages, observedMonths, horizonMonths),
    ...bootstrapInterval(groups, observedMonths, horizonMonths),
    horizonMonths,
    observedMonths,
    customers: ages[0]?.customers ?? 0,
  }
}

function agesOf({ customers, active, followed, net_minor }: Row): AgeSums {
  return { customers, active, followed, netMinor: net_minor }
}
