import type { Feature } from '../http/feature.ts'
import { askMetricsEndpoint, comparePeriodsEndpoint } from './metric-answers.ts'
import { listCatalogue, setThresholdsEndpoint } from './metric-catalogue.ts'
import { overview } from './overview.ts'

export { clientParameter, dimension } from './metric-parts.ts'

export const metrics: Feature = {
  endpoints: [askMetricsEndpoint, comparePeriodsEndpoint, overview, listCatalogue, setThresholdsEndpoint],
  pages: [],
  place: null,
  notices: {},
}
