import type { Feature } from '../http/feature.ts'
import { everywhere } from '../ui/place.ts'
import { nightPage } from './page.ts'

export const night: Feature = {
  endpoints: [],
  pages: [nightPage],
  place: {
    href: '/',
    label: 'The night',
    icon: 'night',
    role: 'viewer',
    scope: 'client',
    isHere: everywhere,
    count: null,
  },
  notices: {},
}
