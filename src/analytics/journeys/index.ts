/** The face of journeys: funnels, cohorts, attribution and lifetime value. */
export {
  ATTRIBUTION_KEYS,
  ATTRIBUTION_MODELS,
  type Attribution,
  attributeConversions,
  CONVERSIONS,
} from './attribution.ts'
export { ACTIVITIES, COHORT_GRAINS, type Cohorts, measureCohorts } from './cohorts.ts'
export {
  BOOKING_STEPS,
  FUNNEL_SPLITS,
  type Funnel,
  type FunnelStage,
  type FunnelStep,
  measureFunnel,
} from './funnel.ts'
export type { KeptFrom, Trust } from './journey-question.ts'
export { lateJourneys } from './late-journeys.ts'
export { HORIZON_MONTHS_MAX } from './ltv-projection.ts'
export { type ObservedLtv, observeLtv } from './observed-ltv.ts'
export { prepareJourneys } from './prepare-journeys.ts'
export { type ProjectedLtv, projectLtv } from './projected-ltv.ts'
export { type StandingClient, type StandingQuestion, standingQuestions } from './standing-questions.ts'
