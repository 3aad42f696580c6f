import type { Feature } from '../http/feature.ts'
import { livez, metrics, readyz } from './endpoints.ts'

export { createMetrics } from './prometheus.ts'

export const health: Feature = {
  endpoints: [livez, readyz, metrics],
  pages: [],
  place: null,
  notices: {},
}
