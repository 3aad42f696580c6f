import { SECOND_MS } from '../src/time.ts'
import { type Calendar, dayAtSerial, type Serial } from './calendar.ts'
import { type Random, randomOf } from './random.ts'
import type { Served } from './serve.ts'

export type Survey = {
  atMs: number
  served: Served
  csat: number
  nps: number | null
  comment: string | null
  category: string | null
}

const ANSWER_SHARE = 0.21
const NPS_SHARE = 0.6
const COMMENT_SHARE = 0.22
/** Who has not answered within a day does not. */
export const SURVEY_DAYS_MAX = 1

/**
 * What people say afterwards about how they were served, on the same day or the next. Glad or cross with the wait and
 * the outcome.
 */
export function surveysOf(seed: string, calendar: Calendar, serial: Serial, served: readonly Served[]): Survey[] {
  const random = randomOf(seed, calendar.client.id, dayAtSerial(serial), 'surveys')
  return served.flatMap((one) => {
    if (one.status !== 'answered' || one.contact.customer === null || !random.chance(ANSWER_SHARE)) return []
    return [drawSurvey(random, calendar, one)]
  })
}

function drawSurvey(random: Random, calendar: Calendar, served: Served): Survey {
  const endMs = served.contact.atMs + (served.waitS + served.talkS + served.holdS) * SECOND_MS
  const delayMs = Math.min(Math.round(random.logNormal(1500, 1.3)), 20 * 3600) * SECOND_MS
  const mood = moodOf(served) + 0.75 * random.normal()
  const isGlad = mood > 3.9
  const comments = isGlad ? calendar.client.comments.glad : calendar.client.comments.cross
  const speaks = random.chance(COMMENT_SHARE) && (isGlad || mood < 3)
  return {
    atMs: endMs + delayMs,
    served,
    csat: clamp(Math.round(mood), 1, 5),
    nps: random.chance(NPS_SHARE) ? clamp(Math.round(mood * 2.35 - 1.6 + 0.8 * random.normal()), 0, 10) : null,
    comment: speaks ? random.pick(comments) : null,
    category: speaks
      ? isGlad
        ? 'praise'
        : served.waitS > 60
          ? 'waiting'
          : served.resolved
            ? 'price'
            : 'resolution'
      : null,
  }
}

/** Around 1 to 5: a resolved matter is worth a point and a half, and every minute of waiting costs a third of one. */
export function moodOf({ resolved, waitS, contact, agent }: Served): number {
  const byOutcome = resolved ? 4.75 : 3.15
  const byWait = Math.min(waitS / 180, 1.5)
  const byPerson = agent?.kind === 'assistant' ? -0.25 : 3 * (agent?.skill ?? 0)
  return byOutcome - byWait + byPerson - 0.3 * contact.round
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high)
}
