import { z } from 'zod'
import type { Trust } from '../../analytics/journeys/index.ts'
import { addDays } from '../../time.ts'
import { clientId, day } from '../http/address.ts'

/** Parts that the questions on customers' journeys share. */

/** Days a question may be about: five years, a leap year among them. */
const DAYS_MAX = 5 * 366

export const journeyAddress = {
  client: clientId.optional().describe('Only those who act for all clients need to say which.'),
  from: day.describe('The first local day of the client.'),
  to: day.describe('The day after the last.'),
}

/** Refuses a window without days, and one that is too long; names `to`. */
export function checkWindow({ from, to }: { from: string; to: string }, context: z.RefinementCtx): void {
  // What is no day has been named already.
  if (![from, to].every((text) => day.safeParse(text).success)) return
  if (to <= from) context.addIssue({ code: 'custom', path: ['to'], message: `must be after from, which is ${from}` })
  else if (to > addDays(from, DAYS_MAX))
    context.addIssue({ code: 'custom', path: ['to'], message: `must be within ${DAYS_MAX} days of from` })
}

/** A whole number within bounds, sent as text. */
export function wholeNumber(min: number, max: number, preset: number) {
  return z.coerce.number().int().min(min).max(max).default(preset)
}

export const minor = z.int().describe('Minor units of the client’s currency.')

export const interval = z.strictObject({ low: z.number(), high: z.number() }).describe('Wilson interval at 95 %.')

export const share = z
  .strictObject({ share: z.number(), low: z.number(), high: z.number() })
  .nullable()
  .describe('With its Wilson interval at 95 %; null: of nobody.')

export const trust = {
  provisional: z.boolean().describe('The answer may still change, or lacks facts that are past their time.'),
  provisionalDays: z
    .array(z.iso.date())
    .describe('Days that are not over, never rolled up, or not since their last fact.'),
  dataAsOf: z.iso.datetime().nullable().describe('When the oldest roll-up of the days was made.'),
  incompleteBefore: z.iso
    .date()
    .nullable()
    .describe('Facts of earlier days are read that may have been deleted for their age; null: none are.'),
  asOf: z.iso
    .datetime()
    .nullable()
    .describe('The numbers were prepared then, and facts have changed since; the next night sees them. null: of now.'),
}

export function trustReply({ provisional, provisionalDays, dataAsOf, incompleteBefore, asOf }: Trust): Trust {
  return { provisional, provisionalDays, dataAsOf, incompleteBefore, asOf }
}
