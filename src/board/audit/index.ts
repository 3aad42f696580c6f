import type { Feature } from '../http/feature.ts'
import { everywhere } from '../ui/place.ts'
import { auditPage } from './page.ts'

export const audit: Feature = {
  endpoints: [],
  pages: [auditPage],
  place: {
    href: '/audit',
    label: 'Audit log',
    icon: 'audit',
    role: 'admin',
    scope: 'client',
    isHere: everywhere,
    count: null,
  },
  notices: {},
}
