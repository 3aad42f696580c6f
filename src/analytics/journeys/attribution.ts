import type { ClientDatabase } from '../../db/database.ts'
import { sqlFile } from '../../sql.ts'
import { addDays, dayOf, instantsOf } from '../../time.ts'
import type { KeptRows } from '../questions/index.ts'
import { type JourneyQuestion, type KeptFrom, type Trust, trustIn } from './journey-question.ts'
import { readKept } from './read-kept.ts'

/**
 * Who is credited with a conversion, over its touchpoints in order of time (those of the same instant in order of their
 * ids):
 * - first, last: the first, or the last, alone.
 * - linear: all alike.
 * - time-decay: 2 ^ (-age / half-life) each, age being the time from the touchpoint to the conversion.
 * - position-based: 40 % the first, 40 % the last, 20 % shared by those between; of two, half each; one alone has all.
 * Source: the rule-based models as Google Analytics documented them (Attribution models, 2012–2023; its half-life was 7
 * days).
 */
export const ATTRIBUTION_MODELS = ['first', 'last', 'linear', 'time-decay', 'position-based'] as const
export type AttributionModel = (typeof ATTRIBUTION_MODELS)[number]

/** payment: a charge of more than nothing; won-deal: a deal, at the instant it was closed as won. */
export const CONVERSIONS = ['payment', 'won-deal'] as const
export type Conversion = (typeof CONVERSIONS)[number]

export const ATTRIBUTION_KEYS = ['campaign', 'channel'] as const
export type AttributionKey = (typeof ATTRIBUTION_KEYS)[number]

/**
 * Conversions within the window, in the client's currency; touchpoints of the same customer within `lookbackDays` × 24
 * hours before each.
 */
export type AttributionQuestion = JourneyQuestion & {
  currency: string
  conversion: Conversion
  model: AttributionModel
  by: AttributionKey
  lookbackDays: number
  /** Of time-decay; the others do not ask. */
  halfLifeDays: number
  keptFrom: KeptFrom
}

export type Credit = {
  /** A campaign or channel; '' for touchpoints that name none, and for `direct`. */
  key: string
  /** direct: conversions without a touchpoint, those of unknown customers included. */
  source: 'touchpoint' | 'direct'
  creditedMinor: number
  /** Its parts of conversions, added up. */
  creditedConversions: number
  /** Conversions it had a touchpoint before, whether the model credits it or not. */
  touchedConversions: number
}

/** Credits, most money first and `direct` last; they add up to `totalMinor` and to `conversions`. */
export type Attribution = { conversions: number; totalMinor: number; credits: Credit[]; trust: Trust }

type Row = {
  key: string
  is_direct: boolean
  credited_minor: number
  credited_conversions: number
  touched_conversions: number
}

const creditTouchpoints = sqlFile<Row>(import.meta.dirname, 'attribution.sql')

/**
 * Shares out the money of conversions over the touchpoints before them (strictly before; the look-back window is
 * half-open). Each conversion is rounded by largest remainders (equal remainders: the earlier touchpoint), so that
 * credits add up to it, to the minor unit, in every model. Refunds are not taken off. Touchpoints past their time
 * (EVENTS_TTL_DAYS) are gone, and what they led to is direct: `trust` says so.
 */
export async function attributeConversions(
  db: ClientDatabase,
  question: AttributionQuestion,
  keptRows: KeptRows | null = null,
): Promise<Attribution> {
  const { clientId, timeZone, window, currency, conversion, model, by, lookbackDays, halfLifeDays } = question
  const { from, to } = instantsOf(window, timeZone)
  const bounds = [clientId, from.toString(), to.toString(), currency, conversion]
  const parameters = [...bounds, lookbackDays * 24, model, halfLifeDays * 24, by]
  // 24 hours times days may begin on the day before.
  const days = { from: addDays(window.from, -lookbackDays - 1), to: window.to }
  const kept = { clientId, question: ['attribution', ...parameters], standsOn: { kind: 'facts', days } as const }
  const { rows, asOf } = await readKept(db, kept, () => creditTouchpoints(db, parameters), keptRows)
  const credits = rows.map(creditOf)
  return {
    // Parts of a conversion are binary fractions; all of one conversion are 1.
    conversions: Math.round(credits.reduce((sum, credit) => sum + credit.creditedConversions, 0)),
    totalMinor: credits.reduce((sum, credit) => sum + credit.creditedMinor, 0),
    credits,
    trust: await trustIn(
      db,
      clientId,
      { window, asOf },
      {
        first: dayOf(from.subtract({ hours: lookbackDays * 24 }), timeZone),
        kept: question.keptFrom.events,
      },
    ),
  }
}

function creditOf(row: Row): Credit {
  return {
    key: row.key,
    source: row.is_direct ? 'direct' : 'touchpoint',
    creditedMinor: row.credited_minor,
    creditedConversions: row.credited_conversions,
    touchedConversions: row.touched_conversions,
  }
}
