/** 2026-11-20 00:10 UTC. */
export function instantWords(instant: string): string {
  const text = Temporal.Instant.from(instant).toString({ smallestUnit: 'minute' })
  return `${text.slice(0, 10)} ${text.slice(11, 16)} UTC`
}
