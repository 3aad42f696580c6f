import type { Endpoint } from '../http/endpoint.ts'
import type { Feature } from '../http/feature.ts'
import { everywhere } from '../ui/place.ts'
import { docsPages } from './pages.ts'

export { openApiDocument } from './openapi.ts'

/** The pages that explain the API, read off its endpoints. */
export function docsOf(endpoints: readonly Endpoint[]): Feature {
  return {
    endpoints: [],
    pages: docsPages(endpoints),
    place: { href: '/docs', label: 'API', icon: 'api', role: 'open', scope: 'client', isHere: everywhere, count: null },
    notices: {},
  }
}
