import type { Feature } from '../http/feature.ts'
import { collectEndpoints } from './collect.ts'
import { factEndpoints, factsByOtherName } from './endpoints.ts'

export { findOwner } from './store-request.ts'

export const facts: Feature = {
  endpoints: [...factEndpoints, factsByOtherName, ...collectEndpoints],
  pages: [],
  place: null,
  notices: {},
}
