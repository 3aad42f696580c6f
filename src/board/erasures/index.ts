import type { Feature } from '../http/feature.ts'
import { eraseCustomerEndpoint, findErasure } from './endpoints.ts'

export const erasures: Feature = {
  endpoints: [eraseCustomerEndpoint, findErasure],
  pages: [],
  place: null,
  notices: {},
}
