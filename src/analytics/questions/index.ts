export { DIMENSIONS, type Dimension } from '../metrics/index.ts'
/** The face of questions: what other folders may use of it. */
export { askMetrics, settledFrom } from './ask-metrics.ts'
export { isKeptBy } from './choose-source.ts'
export { comparePeriods } from './compare-periods.ts'
export { type AskQuestion, createKeptRows, createQuestions, type KeptRows, type Questions } from './create-questions.ts'
export { goalProgress } from './goal-progress.ts'
export { BOUNDS, changeGoal, createGoal, deleteGoal, findGoal, type Goal, listGoals } from './goals.ts'
export { hoursOfDay } from './hours-of-day.ts'
export {
  type AskedMetric,
  type FilterDimension,
  type Filters,
  GRANULARITIES,
  type Group,
  type Measured,
  type MetricsAnswer,
  type Period,
  type Values,
} from './question.ts'
export { COMPARISONS, type Comparison, RANGES, type Range } from './resolve-range.ts'
export { setThresholds } from './set-thresholds.ts'
export { type WindowStanding, windowStanding } from './window-standing.ts'
