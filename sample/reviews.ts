import { MINUTE_MS, SECOND_MS } from '../src/time.ts'
import type { Serial } from './calendar.ts'
import type { Random } from './random.ts'
import { idOf, isoOf, type SampleRows } from './rows.ts'
import type { SampleAgent } from './sample-client.ts'
import type { Served } from './serve.ts'
import { drawsOf, endOfDayMs, type SampleWorld } from './world.ts'

type ReviewRow = SampleRows['call_quality_scores'][number]
type IssueRow = SampleRows['call_quality_issues'][number]

/** An issue that is settled on a later day: its row as it is then. */
export type SettledIssue = { serial: Serial; row: IssueRow }

/** No issue stays open longer, unless it stays open for good. */
export const ISSUE_DAYS_MAX = 21

/** Of what people answered. */
const REVIEWED_SHARE = 0.02
/** Reviewers come to listen at this local hour, and need so long for each. */
const REVIEW_HOUR = 17
const REVIEW_MS = 9 * MINUTE_MS
/** On a scale of five: what an agent of average skill gets, and how far skill and outcome move it. */
const LEVEL = { mean: 4.28, skill: 5, resolved: 0.12, unresolved: -0.45, noise: 0.25, dimension: 0.45 }
/** Below so many of a hundred something is amiss, most of the time. */
const POOR = 76
const ISSUE_SHARE = { poor: 0.75, otherwise: 0.08 }
const SETTLED_SHARE = 0.85
const CATEGORIES = ['procedure', 'documentation', 'tone', 'compliance'] as const
const DESCRIPTIONS = {
  procedure: 'Did not ask for the customer number first',
  documentation: 'The note does not say what was agreed',
  tone: 'Spoke over the customer',
  compliance: 'Took card details without stopping the recording',
}

type Reviewed = { reviews: ReviewRow[]; issues: IssueRow[]; settled: SettledIssue[] }

/**
 * What reviewers thought of some of a day's contacts, and what they found fault with. `ids` are those of the contacts.
 */
export function reviewsOf(
  world: SampleWorld,
  serial: Serial,
  served: readonly Served[],
  ids: readonly string[],
): Reviewed {
  const random = drawsOf(world, serial, 'reviews')
  const found: Reviewed = { reviews: [], issues: [], settled: [] }
  for (const [index, one] of served.entries()) {
    if (one.agent?.kind !== 'person' || !random.chance(REVIEWED_SHARE)) continue
    const review = drawReview(random, world, serial, one, one.agent, {
      id: idOf(world.calendar.dayAt(serial).day, 'q', found.reviews.length + 1),
      interaction_id: ids[index] ?? null,
      reviewed_at: isoOf(reviewedMs(world, serial, one, found.reviews.length)),
    })
    found.reviews.push(review)
    if (random.chance(review.overall < POOR ? ISSUE_SHARE.poor : ISSUE_SHARE.otherwise))
      noteIssue(random, world, serial, review, found)
  }
  return found
}

/** In the afternoon, one after the other; what came later is listened to at once. */
function reviewedMs(world: SampleWorld, serial: Serial, served: Served, before: number): number {
  const endedMs = served.contact.atMs + (served.waitS + served.talkS + served.holdS) * SECOND_MS
  const inTurn = world.calendar.instantMs(world.calendar.dayAt(serial), REVIEW_HOUR) + before * REVIEW_MS
  return Math.min(Math.max(inTurn, endedMs + REVIEW_MS), endOfDayMs(world, serial) - SECOND_MS)
}

function drawReview(
  random: Random,
  { calendar }: SampleWorld,
  serial: Serial,
  { contact, resolved }: Served,
  agent: SampleAgent,
  about: Pick<ReviewRow, 'id' | 'interaction_id' | 'reviewed_at'>,
): ReviewRow & { overall: number } {
  const byOutcome = resolved ? LEVEL.resolved : LEVEL.unresolved
  const level = LEVEL.mean + LEVEL.skill * agent.skill + byOutcome + LEVEL.noise * random.normal()
  const score = () => Math.min(Math.max(Math.round(level + LEVEL.dimension * random.normal()), 1), 5)
  const scores = {
    professionalism: score(),
    empathy: score(),
    resolution: score(),
    clarity: score(),
    responsiveness: score(),
  }
  const mean = Object.values(scores).reduce((sum, value) => sum + value, 0) / 5
  const isCall = contact.channel === 'voice'
  return {
    client_id: calendar.client.id,
    ...about,
    agent_id: agent.id,
    sector_id: contact.topic.sectorId,
    channel: contact.channel,
    reviewer: serial % 3 === 0 ? 'quality-2' : 'quality-1',
    ...scores,
    // Reviewers round as they feel.
    overall: Math.min(Math.round(mean * 20 + random.between(-2, 2)), 100),
    audio_clarity: isCall ? Math.min(Math.round(93 + 4 * random.normal()), 100) : null,
    background_noise: isCall ? Math.max(Math.round(12 + 6 * random.normal()), 0) : null,
    comment: null,
  }
}

function noteIssue(
  random: Random,
  { calendar }: SampleWorld,
  serial: Serial,
  review: ReviewRow & { overall: number },
  found: Reviewed,
): void {
  const category = random.pick(CATEGORIES)
  const noted = {
    client_id: review.client_id,
    id: idOf(calendar.dayAt(serial).day, 'i', found.issues.length + 1),
    noted_at: review.reviewed_at,
    score_id: review.id,
    interaction_id: review.interaction_id ?? null,
    agent_id: review.agent_id ?? null,
    sector_id: review.sector_id ?? null,
    channel: review.channel ?? 'voice',
    category,
    severity: severityOf(category, review.overall),
    description: DESCRIPTIONS[category],
  }
  found.issues.push({ ...noted, status: 'open', resolved_at: null })
  if (!random.chance(SETTLED_SHARE)) return
  const settledOn = serial + random.integer(1, ISSUE_DAYS_MAX)
  const resolvedMs = calendar.instantMs(calendar.dayAt(settledOn), random.integer(9, 16))
  found.settled.push({ serial: settledOn, row: { ...noted, status: 'resolved', resolved_at: isoOf(resolvedMs) } })
}

function severityOf(category: (typeof CATEGORIES)[number], overall: number): 'critical' | 'major' | 'minor' {
  if (category === 'compliance') return 'critical'
  return overall < POOR ? 'major' : 'minor'
}
