import type { ClientDatabase } from '../../db/database.ts'
import type { Day } from '../../time.ts'
import { type ComponentSums, type Histogram, type Measure, mergeHistograms } from '../metrics/index.ts'
import type { Amounts } from './measure.ts'
import type { Ingredients } from './metrics-asked.ts'
import { type HistogramRow, readHistograms } from './read-histograms.ts'
import { type RetentionRead, readRetention, retentionOfCell } from './read-retention.ts'
import { readSums, refuseTooMany, type SummedRow, type SumsQuestion } from './read-sums.ts'
import { addTo, zeros } from './sums.ts'

/** A question about one span, and what is to be read for it. */
export type PeriodQuestion = Omit<SumsQuestion, 'components'> & { ingredients: Ingredients }

/** What one member had in one bucket. */
export type Cell = { member: string; bucket: string | null } & Amounts

/** Everything that was read of a span. */
export type PeriodRead = {
  /** In the order of members and buckets; those without a row are not there. */
  cells: Cell[]
  /** Over all cells; levels begin with what came before the span. */
  total: Amounts
  /** The sums of everything before the span, by member. */
  openings: ReadonlyMap<string, ComponentSums>
  retention: RetentionRead
  quarantined: number
}

/** No fact is older. */
const THE_BEGINNING: Day = '0001-01-01'

/** Reads the sums, histograms and openings of one span. Throws InputError `too-many-groups`. */
export async function readPeriod(db: ClientDatabase, question: PeriodQuestion): Promise<PeriodRead> {
  const { ingredients } = question
  const rows = await readWithin(db, question)
  const sized = await readHistograms(db, { ...question, components: [], measures: ingredients.measures })
  const openings = await readOpenings(db, question)
  const retention = await readRetention(db, question)
  const cells = cellsOf(question, rows, sized)
  refuseTooMany(cells.length, question.groupsMax)
  return {
    cells,
    total: totalOf(question, { cells, openings, retention }),
    openings,
    retention,
    quarantined: await countQuarantined(db, question),
  }
}

async function readWithin(db: ClientDatabase, question: PeriodQuestion): Promise<SummedRow[]> {
  const { within } = question.ingredients
  return within.length === 0 ? [] : readSums(db, { ...question, components: within })
}

function cellsOf(question: PeriodQuestion, rows: readonly SummedRow[], sized: readonly HistogramRow[]): Cell[] {
  const { before, histograms } = emptyCell(question, '', null)
  if (question.ingredients.measures.length === 0) return rows.map((row) => ({ ...row, before, histograms }))
  const cells = new Map<string, Cell>()
  const cellOf = (member: string, bucket: string | null) => {
    const key = JSON.stringify([member, bucket])
    const cell = cells.get(key) ?? emptyCell(question, member, bucket)
    cells.set(key, cell)
    return cell
  }
  for (const { member, bucket, sums } of rows) cellOf(member, bucket).sums = sums
  const parts = Map.groupBy(sized, ({ member, bucket, measure }) => JSON.stringify([member, bucket, measure]))
  for (const same of parts.values()) {
    const [first] = same
    if (first !== undefined) cellOf(first.member, first.bucket).histograms[first.measure] = mergeHistograms(same)
  }
  return [...cells.values()].sort(byMemberAndBucket)
}

/** What a member had in a bucket in which nothing happened. */
export function emptyCell({ ingredients }: PeriodQuestion, member: string, bucket: string | null): Cell {
  const histograms = Object.fromEntries(ingredients.measures.map((measure) => [measure, { buckets: [], counts: [] }]))
  return { member, bucket, sums: zeros(ingredients.within), before: zeros(ingredients.before), histograms }
}

function byMemberAndBucket(a: Cell, b: Cell): number {
  if (a.member !== b.member) return a.member < b.member ? -1 : 1
  return (a.bucket ?? '') < (b.bucket ?? '') ? -1 : 1
}

async function readOpenings(db: ClientDatabase, question: PeriodQuestion): Promise<Map<string, ComponentSums>> {
  const { ingredients, span } = question
  if (ingredients.before.length === 0) return new Map()
  const earlier = { from: THE_BEGINNING, to: span.from, hours: null }
  const rows = await readSums(db, { ...question, span: earlier, granularity: 'none', components: ingredients.before })
  return new Map(rows.map(({ member, sums }) => [member, sums]))
}

/** The client's own, whatever the question is narrowed to: a fact that contradicts itself may not say whose it is. */
export async function countQuarantined(
  db: ClientDatabase,
  { clientId, span, waiting }: Pick<PeriodQuestion, 'clientId' | 'span' | 'waiting'>,
): Promise<number> {
  const [row] = await readSums(db, {
    ...{
      clientId,
      span: { ...span, hours: null },
      granularity: 'none',
      dimension: 'client',
      filters: {},
      waiting,
      groupsMax: 1,
    },
    source: { kind: 'days', dimension: 'client' },
    components: ['quarantined'],
  })
  return row?.sums.quarantined ?? 0
}

function totalOf(
  question: PeriodQuestion,
  { cells, openings, retention }: Pick<PeriodRead, 'cells' | 'openings' | 'retention'>,
): Amounts {
  const { ingredients } = question
  const sums = zeros(ingredients.within)
  for (const cell of cells) addTo(sums, cell.sums)
  const before = zeros(ingredients.before)
  for (const opening of openings.values()) addTo(before, opening)
  const whole = retentionOfCell(retention, question, { bucket: null, before, sums })
  const histograms = mergedHistograms(ingredients.measures, cells)
  return { sums, before, histograms, ...whole }
}

function mergedHistograms(measures: readonly Measure[], cells: readonly Cell[]): Record<string, Histogram> {
  const of = (measure: Measure) => cells.flatMap(({ histograms }) => histograms[measure] ?? [])
  return Object.fromEntries(measures.map((measure) => [measure, mergeHistograms(of(measure))]))
}
