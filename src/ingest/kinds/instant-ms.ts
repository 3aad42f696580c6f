const ZERO = 48
const DAY_S = 86_400

/**
 * Milliseconds since 1970 of an instant as the readers write it: `2026-03-29T14:05:09`, with three decimals or none,
 * and `Z`, `+02:00` or `-0330`. Rules ask it several times of each fact, and Temporal takes microseconds to answer.
 */
export function instantMs(text: string): number {
  const seconds =
    daysSince1970(digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2)) * DAY_S +
    digits(text, 11, 2) * 3600 +
    digits(text, 14, 2) * 60 +
    digits(text, 17, 2)
  const hasFraction = text[19] === '.'
  return (
    (seconds - offsetSeconds(text, hasFraction ? endOfDigits(text, 20) : 19)) * 1000 +
    (hasFraction ? milliseconds(text) : 0)
  )
}

function digits(text: string, from: number, count: number): number {
  let value = 0
  for (let at = from; at < from + count; at += 1) value = value * 10 + text.charCodeAt(at) - ZERO
  return value
}

function endOfDigits(text: string, from: number): number {
  let at = from
  while (text.charCodeAt(at) >= ZERO && text.charCodeAt(at) < ZERO + 10) at += 1
  return at
}

/** Of one to three decimals. */
function milliseconds(text: string): number {
  const count = endOfDigits(text, 20) - 20
  return digits(text, 20, count) * 10 ** (3 - count)
}

function offsetSeconds(text: string, at: number): number {
  const sign = text[at]
  if (sign === 'Z') return 0
  const minutesAt = text[at + 3] === ':' ? at + 4 : at + 3
  const seconds = digits(text, at + 1, 2) * 3600 + digits(text, minutesAt, 2) * 60
  return sign === '-' ? -seconds : seconds
}

/**
 * Days from 1970-01-01 to a day of the Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date
 * algorithms": days_from_civil).
 */
function daysSince1970(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}
