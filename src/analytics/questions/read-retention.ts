import type { ClientDatabase } from '../../db/database.ts'
import type { DayWindow } from '../../time.ts'
import {
  type ComponentSums,
  NO_CHANGE,
  type Retention,
  type RetentionChange,
  retentionChangeOfDay,
  retentionChanges,
  retentionOf,
} from '../metrics/index.ts'
import { nextStart, startOf } from './cover-window.ts'
import type { Ingredients } from './metrics-asked.ts'
import type { Granularity } from './question.ts'

/**
 * What changed within a span (null) and within its weeks or months, by their first day. Days need not be read: see
 * `retentionOfCell`.
 */
export type RetentionRead = ReadonlyMap<string | null, RetentionChange>

type RetentionQuestion = { clientId: string; span: DayWindow; granularity: Granularity; ingredients: Ingredients }

/**
 * What changed for the customers who paid at the beginning of a span and of each of its buckets; nothing where that is
 * not asked for.
 */
export async function readRetention(db: ClientDatabase, question: RetentionQuestion): Promise<RetentionRead> {
  const { clientId, span, granularity, ingredients } = question
  if (!ingredients.retention) return new Map()
  const buckets = granularity === 'week' || granularity === 'month' ? bucketsOf(granularity, span) : []
  const windows: [string | null, DayWindow][] = [[null, span], ...buckets]
  const read = await retentionChanges(db, { clientId, windows: windows.map(([, window]) => window) })
  return new Map(windows.map(([bucket], index) => [bucket, read[index] ?? NO_CHANGE]))
}

/** The weeks or months that a span touches, cut at its edges. */
function bucketsOf(grain: 'week' | 'month', { from, to }: DayWindow): [string, DayWindow][] {
  const buckets: [string, DayWindow][] = []
  for (let start = startOf(grain, from); start < to; start = nextStart(grain, start)) {
    const end = nextStart(grain, start)
    buckets.push([start, { from: start < from ? from : start, to: end > to ? to : end }])
  }
  return buckets
}

/** That of one bucket; `before` and `sums` are what is known of it otherwise. */
export function retentionOfCell(
  read: RetentionRead,
  { granularity, ingredients }: RetentionQuestion,
  { bucket, before, sums }: { bucket: string | null; before: ComponentSums; sums: ComponentSums },
): { retention?: Retention } {
  if (!ingredients.retention) return {}
  const isDay = granularity === 'day' && bucket !== null
  return { retention: retentionOf(before, isDay ? retentionChangeOfDay(sums) : (read.get(bucket) ?? NO_CHANGE)) }
}
