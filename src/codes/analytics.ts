import type { CodeWords } from './code-words.ts'

/** Questions about metrics, their limits and goals, and the roll-ups they are answered from. */
export const analyticsCodes = {
  'unknown-metric': {
    status: 400,
    means: 'The catalogue has no metric of this name. GET /api/analytics/catalogue lists them.',
  },
  'no-such-rollup': {
    status: 422,
    means: 'No roll-up holds this combination of metrics, dimensions and granularity; `detail` says which there are.',
  },
  'too-many-groups': {
    status: 422,
    means:
      'The answer would have too many groups. Ask for a shorter range, a coarser granularity, fewer members, metrics or comparisons.',
  },
  'invalid-thresholds': {
    status: 422,
    means: 'The limits contradict each other, or the metric has no better and worse.',
  },
  'invalid-goal': { status: 422, means: 'The goal is of a dimension or a member that cannot be.' },
  'facts-expired': {
    status: null,
    means: 'The facts of the day are past FACTS_TTL_DAYS and deleted, so it keeps the roll-up that it has.',
    advice:
      'The facts of these days are past their time and deleted, so they cannot be added up again. Nothing is left to do; FACTS_TTL_DAYS says how long facts are kept.',
    runbook: null,
  },
} as const satisfies Record<string, CodeWords>
