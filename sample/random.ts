import { createHash } from 'node:crypto'
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

/** A stream of draws that is the same for the same seed, on every machine. */
export type Random = {
  /** In [0, 1). */
  unit(): number
  between(low: number, high: number): number
  /** Both ends included. */
  integer(low: number, high: number): number
  chance(probability: number): boolean
  pick<T>(list: readonly T[]): T
  weighted<T extends { weight: number }>(list: readonly T[]): T
  /** Mean 0, deviation 1. */
  normal(): number
  logNormal(median: number, sigma: number): number
  poisson(mean: number): number
}

/**
 * Opens the stream that belongs to these words: one purpose of one client's day, say. Streams do not disturb one
 * another.
 */
export function randomOf(...words: (string | number)[]): Random {
  const generator = xoroshiro128plus(createHash('sha256').update(words.join('\0')).digest().readInt32LE())
  const unit = () => uniformFloat64(generator)
  const random: Random = {
    unit,
    between: (low, high) => low + unit() * (high - low),
    integer: (low, high) => uniformInt(generator, low, high),
    chance: (probability) => unit() < probability,
    pick: (list) => at(list, Math.floor(unit() * list.length)),
    weighted: (list) => weighted(list, unit()),
    // Box and Muller's, one of the pair; 1 - unit() is never 0.
    normal: () => Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit()),
    logNormal: (median, sigma) => median * Math.exp(sigma * random.normal()),
    poisson: (mean) => poisson(mean, unit),
  }
  return random
}

function weighted<T extends { weight: number }>(list: readonly T[], share: number): T {
  let left = share * list.reduce((sum, item) => sum + item.weight, 0)
  for (const item of list) {
    left -= item.weight
    if (left < 0) return item
  }
  return at(list, list.length - 1)
}

/** Knuth's product of uniforms: as many steps as the answer, which here is a handful. */
function poisson(mean: number, unit: () => number): number {
  if (mean > 500) throw new RangeError(`a Poisson mean of ${mean} is outside what a sample client's half hour can hold`)
  const floor = Math.exp(-mean)
  let count = 0
  for (let product = unit(); product > floor; product *= unit()) count += 1
  return count
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index]
  if (item === undefined) throw new RangeError('cannot pick from an empty list')
  return item
}
