import { SECOND_MS } from '../../time.ts'

const DAY_S = 24 * 3600

/** Writes instants, in seconds since 1970, as ISO 8601 does. A year has thousands of hours: the calendar is asked once for each of its days. */
export function instantWriter(): (seconds: number) => string {
  const days = new Map<number, string>()
  return (seconds) => {
    const day = Math.floor(seconds / DAY_S)
    const known =
      days.get(day) ??
      Temporal.Instant.fromEpochMilliseconds(day * DAY_S * SECOND_MS)
        .toString()
        .slice(0, 10)
    days.set(day, known)
    const ofDay = seconds - day * DAY_S
    return `${known}T${two(ofDay / 3600)}:${two((ofDay % 3600) / 60)}:${two(ofDay % 60)}Z`
  }
}

function two(value: number): string {
  const digits = Math.floor(value)
  return digits < 10 ? `0${digits}` : String(digits)
}
