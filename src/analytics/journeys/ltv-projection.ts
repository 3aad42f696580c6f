/** The arithmetic of projected customer lifetime value; no database here. */

/** Longer than five years nobody's retention is known, whatever the formula says. */
export const HORIZON_MONTHS_MAX = 60

/** Sums over the cohorts that have reached an age, in whole months since the first contact. */
export type AgeSums = {
  customers: number
  /** Of them, those who ordered in that month. */
  active: number
  /** Those active at this age in the cohorts that have also reached the next one. */
  followed: number
  /** Net revenue of that month, minor units. */
  netMinor: number
}

export type ProjectedMonth = {
  age: number
  /** Share of customers who order in that month, and what a customer has brought in by its end. */
  retention: number
  cumulativeMinor: number
  isProjected: boolean
}

export type Projection = {
  perCustomerMinor: number
  /**
   * Active customers of a month who are replaced, by themselves or others, in the next: the rate at which retention
   * falls, at most 1.
   */
  monthlyRetention: number
  valuePerActiveMinor: number
  months: ProjectedMonth[]
}

/** With fewer customers than this at an age its retention is noise, and the age is projected. */
const CUSTOMERS_MIN = 30
/** Ages after the month of the first contact that must be observed. */
const AGES_MIN = 3

/** The ages that are observed well enough; a projection needs the first contact's month and AGES_MIN more. */
export function observedAges(ages: readonly AgeSums[]): number {
  const thin = ages.findIndex(({ customers }) => customers < CUSTOMERS_MIN)
  return thin === -1 ? ages.length : thin
}

/** Why nothing can be projected from these ages; null: it can. */
export function tooLittleFor(ages: readonly AgeSums[]): string | null {
  const observed = observedAges(ages)
  if (observed <= AGES_MIN)
    return `Projecting takes ${CUSTOMERS_MIN} customers whose first contact was ${AGES_MIN + 1} or more whole months ago; there are ${ages[AGES_MIN]?.customers ?? 0}.`
  const active = sum(ages.slice(1, observed), (age) => age.active)
  return active > 0 ? null : 'Nobody has ordered after the month of the first contact.'
}

/**
 * Value of a customer in the first `horizon` months from the first contact, not discounted:
 *
 *   LTV = Σ R(t) / n(t) over the observed ages t = 0…A  +  Σ m · L · ρ^t over t = A+1…horizon-1
 *
 * n customers, a active and R net revenue at an age, pooled over the cohorts that have reached it; ρ = Σ a(t) / Σ
 * a(t-1) over t = 2…A, each over the cohorts that have reached t (chain ladder), at most 1; L = Σ a(t) / Σ n(t) ρ^t
 * over t = 1…A, the level of the curve L · ρ^t through the observed retention; m = Σ R(t) / Σ a(t) over t = 1…A, what
 * an active customer brings in a month. Source: S. Gupta and D. R. Lehmann, Customers as assets, JIM 17 (2003),
 * constant margin and retention; the ratio estimator from T. Mack, Distribution-free calculation of the standard error
 * of chain ladder reserve estimates, ASTIN Bulletin 23 (1993). A constant ρ is cautious: where loyal customers remain,
 * retention rises with age (P. S. Fader and B. G. S. Hardie, JIM 21, 2007).
 */
export function projectFrom(ages: readonly AgeSums[], observed: number, horizon: number): Projection {
  const later = ages.slice(1, observed)
  const active = sum(later, (age) => age.active)
  const rho = Math.min(
    1,
    ratio(
      sum(ages.slice(2, observed), (age) => age.active),
      sum(ages.slice(1, observed - 1), (age) => age.followed),
    ),
  )
  const level = ratio(
    active,
    sum(later, (age, index) => age.customers * rho ** (index + 1)),
  )
  const value = ratio(
    sum(later, (age) => age.netMinor),
    active,
  )
  const months: ProjectedMonth[] = []
  let cumulative = 0
  for (let age = 0; age < horizon; age += 1) {
    const seen = age < observed ? ages[age] : undefined
    const retention = seen ? ratio(seen.active, seen.customers) : level * rho ** age
    cumulative += seen ? ratio(seen.netMinor, seen.customers) : value * retention
    months.push({ age, retention, cumulativeMinor: Math.round(cumulative), isProjected: seen === undefined })
  }
  return {
    perCustomerMinor: Math.round(cumulative),
    monthlyRetention: rho,
    valuePerActiveMinor: Math.round(value),
    months,
  }
}

/** Sums of several groups of customers, age by age. */
export function addAges(groups: readonly (readonly AgeSums[])[]): AgeSums[] {
  const total: AgeSums[] = []
  for (const group of groups) {
    for (const [age, sums] of group.entries()) {
      const so = total[age]
      if (so === undefined) total[age] = { ...sums }
      else {
        so.customers += sums.customers
        so.active += sums.active
        so.followed += sums.followed
        so.netMinor += sums.netMinor
      }
    }
  }
  return total
}

const DRAWS = 1000
const SEED = 20_261_121

/**
 * An interval at 95 % of the projection: 1000 times as many groups are drawn, with replacement, as there are, and
 * projected; its ends are the 2.5 % and the 97.5 % quantile. Groups are random parts of the customers, so this is the
 * bootstrap over customers in portions. It knows chance, not that the future may differ from the past.
 * Source: B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap (1993), percentile intervals.
 */
export function bootstrapInterval(
  groups: readonly (readonly AgeSums[])[],
  observed: number,
  horizon: number,
): { lowMinor: number; highMinor: number } {
  const draw = drawer(SEED)
  const values: number[] = []
  for (let n = 0; n < DRAWS; n += 1) {
    const drawn = groups.map(() => groups[Math.floor(draw() * groups.length)] ?? [])
    values.push(projectFrom(addAges(drawn), observed, horizon).perCustomerMinor)
  }
  values.sort((a, b) => a - b)
  return { lowMinor: values[Math.floor(DRAWS * 0.025)] ?? 0, highMinor: values[Math.ceil(DRAWS * 0.975) - 1] ?? 0 }
}

/** Numbers in [0, 1), always the same ones: mulberry32 (T. Ettinger, public domain). */
function drawer(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function sum<T>(values: readonly T[], of: (value: T, index: number) => number): number {
  return values.reduce((total, value, index) => total + of(value, index), 0)
}

/** 0 where there is nothing to divide by: nobody was there. */
function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}
