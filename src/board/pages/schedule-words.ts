import { formatDistance, formatDuration, formatTime } from '../format.ts'
import { type Html, html } from '../html.ts'
import type { Fire, ScheduleView } from '../reads/schedules.ts'
import { badge } from './parts.ts'

/** How schedules are said, on the list of them and on the page of one. */

export const CATCH_UP_WORDS = { all: 'Plan every one', latest: 'Plan the last one', none: 'Leave them out' }
export const OVERLAP_WORDS = { skip: 'Leave it out', queue: 'Wait for it', allow: 'Run beside it' }

const SECOND_MS = 1000

export function secondsWords(seconds: number): string {
  return formatDuration(seconds * SECOND_MS)
}

export function catchUpWords({ catchUp, catchUpWithinS }: Pick<ScheduleView, 'catchUp' | 'catchUpWithinS'>): string {
  const words = CATCH_UP_WORDS[catchUp]
  return catchUpWithinS === null || catchUp === 'none' ? words : `${words} of the last ${secondsWords(catchUpWithinS)}`
}

/** By the clock of its zone, with the day and, where clocks differ, the time of UTC. */
export function fireWords({ at, timeZone }: Fire): Html {
  const utc = Temporal.Instant.from(at).toZonedDateTimeISO('UTC')
  const day = Temporal.Instant.from(at).toZonedDateTimeISO(timeZone).toPlainDate()
  const clock = utc.toPlainTime().toString({ smallestUnit: 'second' })
  const isOtherDay = !utc.toPlainDate().equals(day)
  const words = isOtherDay ? `${formatTime(at, 'UTC')} UTC` : `${clock} UTC`
  return html`<time datetime="${at}">${formatTime(at, timeZone)}</time>${timeZone !== 'UTC' && html` <span class="quiet">${words}</span>`}`
}

/** When a schedule fires next, or why it does not. */
export function nextFire(
  { nextFires: [first], problem, pausedUntil, timeZone }: ScheduleView,
  now: Temporal.Instant,
): Html {
  if (problem !== null) return html`<p class="error">${problem}</p>`
  if (pausedUntil !== null) return badge('paused', `Paused until ${formatTime(pausedUntil, timeZone)}`)
  if (first === undefined) return html`<span class="quiet">Never again</span>`
  return html`<strong>${fireWords(first)}</strong> <span class="quiet">${formatDistance(first.at, now)}</span>`
}

/** The times that come next, one a line. */
export function fireList(fires: readonly Fire[]): Html {
  return html`<ol class="bare">${fires.map((fire) => html`<li>${fireWords(fire)}</li>`)}</ol>`
}

/** The same for times of several zones. */
export function zonedFireList(fires: readonly Fire[]): Html {
  return html`<ol class="bare">${fires.map((fire) => html`<li>${fireWords(fire)} <span class="quiet">${fire.timeZone}</span></li>`)}</ol>`
}
