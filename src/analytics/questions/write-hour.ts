import { SECOND_MS } from '../../time.ts'

/** Eleven years of hours, at about a hundred bytes each. */
const WRITTEN_MAX = 100_000
const written = new Map<number, string>()

/**
 * The beginning of an hour, in seconds since 1970, as ISO 8601 writes it. A year has thousands, and every question by
 * hour asks for them twice; the same string is also compared faster than an equal one.
 */
export function writeHour(seconds: number): string {
  const known = written.get(seconds)
  if (known !== undefined) return known
  if (written.size >= WRITTEN_MAX) written.clear()
  const text = Temporal.Instant.fromEpochMilliseconds(seconds * SECOND_MS).toString()
  written.set(seconds, text)
  return text
}
