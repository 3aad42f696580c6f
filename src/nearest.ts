/** What is longer is no word; to compare two takes as long as both are, times each other. */
const WORD_MAX = 200

/** The known word a wrong one was probably meant to be, or null when none is near. Case does not count. */
export function nearest(word: string, known: Iterable<string>): string | null {
  if (word.length > WORD_MAX) return null
  let best: string | null = null
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1
  for (const candidate of known) {
    // Each letter too many is one to drop.
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** ` (did you mean "x"?)`, or nothing when no known word is near. */
export function suggestion(word: string, known: Iterable<string>): string {
  const found = nearest(word, known)
  return found === null ? '' : ` (did you mean "${found}"?)`
}

/** Levenshtein's distance: the fewest letters to add, drop or change. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i += 1) {
    const current = [i]
    for (let j = 1; j <= to.length; j += 1) {
      const change = (previous[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      current.push(Math.min(change, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[to.length] ?? 0
}
