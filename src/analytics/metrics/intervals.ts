/** Intervals at 95 % for metrics that come from surveys. */

/** The 97.5 % quantile of the standard normal distribution. */
const Z = 1.959963984540054

export type Interval = { low: number; high: number }

/**
 * Wilson's score interval of a share: `successes` of `n`; null without observations.
 * Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).
 */
export function wilsonInterval(successes: number, n: number): Interval | null {
  if (n === 0) return null
  const share = successes / n
  const spread = Z * Math.sqrt((share * (1 - share)) / n + Z ** 2 / (4 * n ** 2))
  const centre = share + Z ** 2 / (2 * n)
  const scale = 1 + Z ** 2 / n
  return { low: Math.max(0, (centre - spread) / scale), high: Math.min(1, (centre + spread) / scale) }
}

/**
 * Adjusted Wald interval of a net promoter score, -100…100; null without answers. Three answers are added, ¾ of them
 * promoters and ¾ detractors, so that the interval of a few equal answers is not a point.
 * Source: D. G. Bonett and R. M. Price, Adjusted Wald confidence interval for a difference of binomial proportions
 * based on paired data, JEBS 37 (2012); applied to NPS in J. Sauro and J. R. Lewis, Quantifying the User Experience
 * (2016).
 */
export function npsInterval(promoters: number, detractors: number, n: number): Interval | null {
  if (n === 0) return null
  const count = n + 3
  const up = (promoters + 0.75) / count
  const down = (detractors + 0.75) / count
  const spread = Z * Math.sqrt((up + down - (up - down) ** 2) / count)
  return { low: 100 * Math.max(-1, up - down - spread), high: 100 * Math.min(1, up - down + spread) }
}
