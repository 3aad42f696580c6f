import type { Feature } from '../http/feature.ts'
import { attribution } from './attribution.ts'
import { clientLtv } from './client-ltv.ts'
import { cohorts } from './cohorts.ts'
import { conversionRates, funnel } from './funnels.ts'

export const journeys: Feature = {
  endpoints: [funnel, conversionRates, clientLtv, cohorts, attribution],
  pages: [],
  place: null,
  notices: {},
}
