import { HOUR_MS } from '../../time.ts'
import { instantMs } from './instant-ms.ts'
import type { FactRule } from './kind.ts'

/**
 * `later`, where it is known, is no earlier than `earlier`. `what` is what had not happened yet:
 * `the contact had begun`.
 */
export function notBefore(later: string, earlier: string, what: string): FactRule {
  return {
    columns: [earlier, later],
    broken: (from, to) =>
      from !== null && to !== null && instantMs(to) < instantMs(from) ? `is before ${earlier}, when ${what}` : null,
  }
}

/** What lasts has a length, and no more than this one: what is longer is left out of the sums (booking_fault). */
const LASTS_MAX_MS = 366 * 24 * HOUR_MS

/** What lasts has a length of at most a year. */
export function endsAfter(end: string, begin: string): FactRule {
  return {
    columns: [begin, end],
    broken(from, to) {
      if (from === null || to === null) return null
      const lastsMs = instantMs(to) - instantMs(from)
      if (lastsMs <= 0) return `is not after ${begin}`
      return lastsMs > LASTS_MAX_MS ? `is more than 366 days after ${begin}` : null
    },
  }
}

/** Systems round each span by itself. */
const ROUNDING_S = 1

/** Whether seconds that are part of a span are more than the span holds. */
export function isLonger(seconds: number, from: string, to: string): boolean {
  return seconds > (instantMs(to) - instantMs(from)) / 1000 + ROUNDING_S
}

/** A time stands where a state says that it happened, and nowhere else. */
export function setWhen(time: string, state: string, states: readonly string[]): FactRule {
  return {
    columns: [state, time],
    broken(is, at) {
      const happened = is !== null && states.includes(is)
      if (happened === (at !== null)) return null
      return at === null ? `is empty, and the ${state} is ${is}` : `is set, and the ${state} is ${is}`
    },
  }
}

/** A time stands only where a state says that it happened; it may be unknown there. */
export function onlyWhen(time: string, state: string, states: readonly string[]): FactRule {
  const { columns, broken } = setWhen(time, state, states)
  return { columns, broken: (is, at) => (at === null ? null : broken(is, at)) }
}

/** A part is no more than the whole it is of. */
export function atMost(part: string, whole: string): FactRule {
  return {
    columns: [whole, part],
    broken: (all, some) =>
      all !== null && some !== null && Number(some) > Number(all) ? `is more than ${whole}` : null,
  }
}
