/**
 * Answers kept in this process, those used last; never more than `weightMax` of weight together. An entry is given only to who shows the
 * stamp it was made under, so whatever raises the stamp drops it, in every process at once.
 */
export type AnswerCache<Answer> = {
  find(key: string, stamp: string): Answer | null
  keep(key: string, stamp: string, answer: Answer, weight: number): void
}

export function createAnswerCache<Answer>(weightMax: number): AnswerCache<Answer> {
  const entries = new Map<string, { stamp: string; answer: Answer; weight: number }>()
  let held = 0
  const drop = (key: string) => {
    held -= entries.get(key)?.weight ?? 0
    entries.delete(key)
  }
  return {
    find(key, stamp) {
      const entry = entries.get(key)
      if (entry === undefined) return null
      drop(key)
      if (entry.stamp !== stamp) return null
      // Again at the end: a map keeps the order in which its keys came.
      entries.set(key, entry)
      held += entry.weight
      return entry.answer
    },
    keep(key, stamp, answer, weight) {
      drop(key)
      if (weight > weightMax) return
      entries.set(key, { stamp, answer, weight })
      held += weight
      for (const oldest of entries.keys()) {
        if (held <= weightMax) return
        drop(oldest)
      }
    },
  }
}
