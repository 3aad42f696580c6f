import type { Serial } from './calendar.ts'

/** Something that an earlier day has in store for this one. */
export type Due<T> = { serial: Serial; item: T }

/**
 * What becomes of things on later days than they began. `planOf` says for a day of origin everything that will follow,
 * at most `reachDays` later. The answer takes days in order, each once, and begins as far back as anything reaches, so
 * that where one begins makes no difference.
 */
export function openTimeline<T>(
  reachDays: number,
  planOf: (origin: Serial) => readonly Due<T>[],
): (serial: Serial) => T[] {
  const due = new Map<Serial, T[]>()
  let planned: Serial | null = null
  return (serial) => {
    const from: Serial = planned === null ? serial - reachDays : planned + 1
    for (let origin = from; origin <= serial; origin += 1) {
      for (const { serial: on, item } of planOf(origin)) {
        if (on < origin || on > origin + reachDays)
          throw new RangeError(`day ${origin} plans for day ${on}, and reaches ${reachDays} days`)
        if (on >= serial) append(due, on, item)
      }
    }
    planned = serial
    return take(due, serial)
  }
}

export function append<T>(lists: Map<Serial, T[]>, serial: Serial, item: T): void {
  const list = lists.get(serial)
  if (list) list.push(item)
  else lists.set(serial, [item])
}

export function take<T>(lists: Map<Serial, T[]>, serial: Serial): T[] {
  const list = lists.get(serial) ?? []
  lists.delete(serial)
  return list
}
