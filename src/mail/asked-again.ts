/**
 * Whether somebody asked for a mail again since its last try: only then may one that failed, or whose fate nobody
 * knows, leave again. Both are instants; the date of a mail has no fractions of a second.
 */
export function isAskedAgain(messageDate: string | null, askedAt: string): boolean {
  if (messageDate === null) return true
  return secondOf(messageDate) < secondOf(askedAt)
}

function secondOf(instant: string): number {
  return Math.floor(Temporal.Instant.from(instant).epochMilliseconds / 1000)
}
