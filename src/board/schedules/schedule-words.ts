import { type Html, html } from '../../html.ts'
import { dayOf } from '../../time.ts'
import { formatDistance, formatDuration, formatTime } from '../ui/format.ts'
import { badge } from '../ui/parts.ts'
import type { Fire, ScheduleView } from './read-schedules.ts'

/** How schedules are said, on the list of them and on the page of one. */

export const CATCH_UP_WORDS = { all: 'Plan every one', latest: 'Plan the last one', none: 'Leave them out' }
export const OVERLAP_WORDS = { skip: 'Leave it out', queue: 'Wait for it', allow: 'Run beside it' }

const SECOND_MS = 1000
const NO_BREAK = '\u00a0'

export function secondsWords(seconds: number): string {
  return formatDuration(seconds * SECOND_MS)
}

export function catchUpWords({ catchUp, catchUpWithinS }: Pick<ScheduleView, 'catchUp' | 'catchUpWithinS'>): string {
  const words = CATCH_UP_WORDS[catchUp]
  return catchUpWithinS === null || catchUp === 'none' ? words : `${words} of the last ${secondsWords(catchUpWithinS)}`
}

/** By the clock of its zone, with the year when it is another than now, and the time of UTC where clocks differ. */
function fireWords({ at, timeZone }: Fire, now: Temporal.Instant): Html {
  const words = html`<time datetime="${at}">${timeWords(at, timeZone, now)}</time>`
  if (timeZone === 'UTC') return words
  const utc = Temporal.Instant.from(at).toZonedDateTimeISO('UTC')
  const isSameDay = utc.toPlainDate().toString() === dayOf(utc.toInstant(), timeZone)
  const weekday = isSameDay ? '' : `${utc.toLocaleString('en-GB', { weekday: 'short' })}${NO_BREAK}`
  return html`${words} <span class="quiet">${weekday}${utc.toPlainTime().toString({ smallestUnit: 'second' })}${NO_BREAK}UTC</span>`
}

function timeWords(at: string, timeZone: string, now: Temporal.Instant): string {
  const { year } = Temporal.Instant.from(at).toZonedDateTimeISO(timeZone)
  if (year === now.toZonedDateTimeISO(timeZone).year) return formatTime(at, timeZone)
  return formatTime(at, timeZone).replace(/ (?=\d\d:)/, ` ${year} `)
}

/** When a schedule fires next, or why it does not. */
export function nextFire(
  { nextFires: [first], problem, pausedUntil, timeZone }: ScheduleView,
  now: Temporal.Instant,
): Html {
  if (problem !== null) return html`<p class="error">${problem}</p>`
  if (pausedUntil !== null) return badge('paused', `Paused until ${timeWords(pausedUntil, timeZone, now)}`)
  if (first === undefined) return html`<span class="quiet">Never again</span>`
  return html`<strong>${fireWords(first, now)}</strong> <span class="quiet">${formatDistance(first.at, now)}</span>`
}

/** The times that come next, one a line. */
export function fireList(fires: readonly Fire[], now: Temporal.Instant): Html {
  return html`<ol class="bare">${fires.map((fire) => html`<li>${fireWords(fire, now)}</li>`)}</ol>`
}

/** The same for times of several zones. */
export function zonedFireList(fires: readonly Fire[], now: Temporal.Instant): Html {
  return html`<ol class="bare">${fires.map((fire) => html`<li>${fireWords(fire, now)} <span class="quiet">· ${fire.timeZone}</span></li>`)}</ol>`
}
