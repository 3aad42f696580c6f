/** What histograms are kept of. */
export const MEASURES = ['wait', 'handle', 'talk', 'sales-cycle'] as const
export type Measure = (typeof MEASURES)[number]

/**
 * How often which size occurred: counts by bucket. Bucket i holds sizes in (g^(i-1), g^i]; whatever is not above zero is in bucket
 * `NOTHING`. The SQL function histogram_bucket says the same. Source: C. Masson, J. E. Rim, H. K. Lee, DDSketch, PVLDB 12 (2019).
 */
export type Histogram = { buckets: readonly number[]; counts: readonly number[] }

/** The most a percentile is off, as a share of it. */
export const RELATIVE_ERROR = 0.01

const GROWTH = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
const NOTHING = -32_768

/** The histogram of all sizes that some histograms are of. */
export function mergeHistograms(histograms: readonly Histogram[]): Histogram {
  const [only, ...others] = histograms
  if (only !== undefined && others.length === 0) return { buckets: only.buckets, counts: only.counts }
  const counts = new Map<number, number>()
  for (const histogram of histograms)
    for (const [index, bucket] of histogram.buckets.entries())
      counts.set(bucket, (counts.get(bucket) ?? 0) + (histogram.counts[index] ?? 0))
  const sorted = [...counts].sort(([a], [b]) => a - b)
  return { buckets: sorted.map(([bucket]) => bucket), counts: sorted.map(([, count]) => count) }
}

/**
 * The smallest size that a share `p` (0…1) of all sizes does not exceed (nearest rank), at most RELATIVE_ERROR off; null without any.
 * The buckets are in order.
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
