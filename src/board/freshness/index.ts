import type { Feature } from '../http/feature.ts'
import { everywhere } from '../ui/place.ts'
import { listFreshness } from './endpoints.ts'
import { freshnessPage } from './page.ts'

export const freshness: Feature = {
  endpoints: [listFreshness],
  pages: [freshnessPage],
  place: {
    href: '/freshness',
    label: 'Freshness',
    icon: 'fresh',
    role: 'viewer',
    scope: 'client',
    isHere: everywhere,
    count: null,
  },
  notices: {},
}
