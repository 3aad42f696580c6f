/** What histograms are kept of. */
export const MEASURES = ['wait', 'handle', 'talk', 'sales-cycle'] as const
export type Measure = (typeof MEASURES)[number]

/**
 * How often which size occurred: counts by bucket. Bucket i holds sizes in (g^(i-1), g^i]; whatever is not above zero
 * is in bucket `NOTHING`. The SQL function histogram_bucket says the same. Source: C. Masson, J. E. Rim, H. K. Lee,
 * DDSketch, PVLDB 12 (2019).
 */
export type Histogram = { buckets: readonly number[]; counts: readonly number[] }

/** The most a percentile is off, as a share of it. */
export const RELATIVE_ERROR = 0.01

const GROWTH = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
const NOTHING = -32_768

/** The histogram of all sizes that some histograms are of; the buckets of each are in order. */
export function mergeHistograms(histograms: readonly Histogram[]): Histogram {
  const [only, ...others] = histograms
  if (only !== undefined && others.length === 0) return { buckets: only.buckets, counts: only.counts }
  const sized = histograms.map(
    ({ buckets }) => buckets.find((bucket) => bucket !== NOTHING) ?? Number.POSITIVE_INFINITY,
  )
  const [low, high] = [sized.reduce(lesser, Number.POSITIVE_INFINITY), histograms.reduce(highest, NOTHING)]
  // Buckets of sizes lie close together: counted by place, not looked up.
  const places = new Float64Array(high < low ? 0 : high - low + 1)
  let nothing = 0
  for (const { buckets, counts } of histograms) {
    for (let index = 0; index < buckets.length; index += 1) {
      const [bucket = NOTHING, count = 0] = [buckets[index], counts[index]]
      if (bucket === NOTHING) nothing += count
      else places[bucket - low] = (places[bucket - low] ?? 0) + count
    }
  }
  const merged: { buckets: number[]; counts: number[] } = { buckets: [], counts: [] }
  const put = (bucket: number, count: number) => {
    if (count === 0) return
    merged.buckets.push(bucket)
    merged.counts.push(count)
  }
  put(NOTHING, nothing)
  places.forEach((count, place) => put(low + place, count))
  return merged
}

function lesser(a: number, b: number): number {
  return a < b ? a : b
}

function highest(high: number, { buckets }: Histogram): number {
  return Math.max(high, buckets.at(-1) ?? NOTHING)
}

/**
 * The smallest size that a share `p` (0…1) of all sizes does not exceed (nearest rank), at most RELATIVE_ERROR off;
 * null without any. The buckets are in order.
 */
export function percentileOf({ buckets, counts }: Histogram, p: number): number | null {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`a percentile is asked for by a share from 0 to 1, not ${p}`)
  const total = counts.reduce((sum, count) => sum + count, 0)
  const rank = Math.max(1, Math.ceil(p * total))
  let seen = 0
  for (const [index, bucket] of buckets.entries()) {
    seen += counts[index] ?? 0
    if (seen >= rank) return middleOf(bucket)
  }
  return null
}

/** The size that is equally far, as a share, from both ends of a bucket. */
function middleOf(bucket: number): number {
  return bucket === NOTHING ? 0 : (2 * GROWTH ** bucket) / (GROWTH + 1)
}
