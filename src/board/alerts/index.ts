import { countOpenAlerts } from '../../alerts/index.ts'
import type { Feature } from '../http/feature.ts'
import { COUNT_MAX, everywhere } from '../ui/place.ts'
import { listAlertsEndpoint } from './endpoints.ts'
import { alertsPage } from './page.ts'

export const alerts: Feature = {
  endpoints: [listAlertsEndpoint],
  pages: [alertsPage],
  place: {
    href: '/alerts',
    label: 'Alerts',
    icon: 'alert',
    role: 'viewer',
    scope: 'client',
    count: (db) => countOpenAlerts(db, COUNT_MAX + 1),
    isHere: everywhere,
  },
  notices: {},
}
