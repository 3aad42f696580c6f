import type { MetricsAnswer } from './question.ts'

/** How heavy an answer is to keep, in values: a value is about 200 bytes, with the sums it is made of. */
export function weightOf({ metrics, groups, buckets, comparisons }: MetricsAnswer): number {
  const compared = comparisons.map((comparison) => 1 + comparison.groups.length)
  const ofGroups = compared.reduce((sum, count) => sum + count, 1 + groups.length)
  // A group has its member, bucket and records beside its values.
  return buckets.length + ofGroups * (1 + metrics.length)
}
