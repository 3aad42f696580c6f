import type { Feature } from '../http/feature.ts'
import { everywhere } from '../ui/place.ts'
import { listAlertsEndpoint } from './endpoints.ts'
import { alertsPage } from './page.ts'
import { countOpenAlerts } from './read-alerts.ts'

export { ALERT_KINDS } from './read-alerts.ts'

export const alerts: Feature = {
  endpoints: [listAlertsEndpoint],
  pages: [alertsPage],
  place: {
    href: '/alerts',
    label: 'Alerts',
    icon: 'alert',
    role: 'viewer',
    scope: 'client',
    count: countOpenAlerts,
    isHere: everywhere,
  },
  notices: {},
}
