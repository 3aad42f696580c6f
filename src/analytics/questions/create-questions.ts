import { LRUCache } from 'lru-cache'
import type { Database } from '../../db/database.ts'
import { weightOf } from './answer-weight.ts'
import { composeFrom, findFoundation, type QuestionFoundation } from './ask-metrics.ts'
import type { MetricQuestion, MetricsAnswer } from './question.ts'

/** Values that kept answers hold together: some 50 MB. */
const KEPT_VALUES_MAX = 100_000
/** Rows that kept answers of journeys hold together: about a third of a kilobyte each. */
const KEPT_ROWS_MAX = 100_000
/** Days cannot be told without a zone, and zones hardly ever change. */
const ZONES_MAX = 10_000

/** What was kept, and the stamp it was made under: it is given only to who finds the same stamp again. */
type Stamped<Kept> = { stamp: string; kept: Kept }

/**
 * Rows that questions on journeys were answered from. readsPrepared: those that the night has prepared are given, too.
 */
export type KeptRows = { memory: LRUCache<string, Stamped<readonly unknown[]>>; readsPrepared: boolean }

export function createKeptRows(readsPrepared: boolean): KeptRows {
  return {
    memory: new LRUCache({ maxSize: KEPT_ROWS_MAX, sizeCalculation: ({ kept }) => 1 + kept.length }),
    readsPrepared,
  }
}

/** Answers questions of every client of one database, and keeps what it has answered. */
export type Questions = {
  ask: AskQuestion
  rows: KeptRows
}

export type AskQuestion = (question: MetricQuestion) => Promise<MetricsAnswer>

/**
 * Opens what answers are kept in. An answer kept from before is given as long as nothing has changed of the roll-ups it
 * stands on, nor of the client's settings and limits: the database is asked for that each time, so what one process
 * changes is seen by all.
 */
export function createQuestions(database: Pick<Database, 'forClient'>): Questions {
  const zones = new LRUCache<string, string>({ max: ZONES_MAX })
  const answers = new LRUCache<string, Stamped<MetricsAnswer>>({
    maxSize: KEPT_VALUES_MAX,
    sizeCalculation: ({ kept }) => weightOf(kept),
  })
  return {
    rows: createKeptRows(true),
    async ask(question) {
      const { clientId } = question
      const db = database.forClient(clientId)
      // Before the sums are read, never after: an answer may be newer than its stamp says, and must not be older.
      const found = await findFoundation(db, question, zones.get(clientId) ?? null)
      zones.set(clientId, found.settings.timeZone)
      const [key, stamp] = [keyOf(found), stampOf(found)]
      const known = answers.get(key)
      if (known?.stamp === stamp) return known.kept
      const kept = await composeFrom(db, found)
      answers.set(key, { stamp, kept })
      return kept
    },
  }
}

/** What is asked, in one way only. */
function keyOf({ asked: { metrics, ...asked } }: QuestionFoundation): string {
  const { clientId, dimension, filters, granularity, span, comparedSpans, compare, today } = asked
  const names = metrics.map(({ name }) => name)
  return JSON.stringify([clientId, names, dimension, filters, granularity, span, compare, comparedSpans, today])
}

/** What the answer stands on. */
function stampOf({ settings: { timeZone, currency, limits }, standings }: QuestionFoundation): string {
  return JSON.stringify([timeZone, currency, limits, standings.map(({ stamp }) => stamp)])
}
