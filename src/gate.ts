/** `atOnce` of one name go on together; `waitingMax` more wait for at most `waitMs`, the rest is refused. */
export type GateLimits = { atOnce: number; waitingMax: number; waitMs: number }

/** Does `work` when one of its name may begin; rejects with what the gate refuses with when none may in time. */
export type Gate = <Result>(name: string, work: () => Promise<Result>) => Promise<Result>

type Place = { inside: number; waiting: Set<() => void> }

/**
 * Holds back what would take a whole process when too much of it came at once. Names are forgotten once nothing of
 * theirs is left.
 */
export function createGate({ atOnce, waitingMax, waitMs }: GateLimits, refusal: () => Error): Gate {
  const places = new Map<string, Place>()

  async function enter(place: Place): Promise<void> {
    if (place.inside < atOnce) {
      place.inside += 1
      return
    }
    if (place.waiting.size >= waitingMax) throw refusal()
    await new Promise<void>((done, failed) => {
      const begin = () => {
        clearTimeout(late)
        done()
      }
      const late = setTimeout(() => {
        place.waiting.delete(begin)
        failed(refusal())
      }, waitMs)
      place.waiting.add(begin)
    })
  }

  function leave(name: string, place: Place): void {
    const [next] = place.waiting
    // Whoever waited longest takes the place over.
    if (next !== undefined) {
      place.waiting.delete(next)
      return next()
    }
    place.inside -= 1
    if (place.inside === 0) places.delete(name)
  }

  return async (name, work) => {
    const place = places.get(name) ?? { inside: 0, waiting: new Set() }
    places.set(name, place)
    await enter(place)
    try {
      return await work()
    } finally {
      leave(name, place)
    }
  }
}
