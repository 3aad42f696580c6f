import type { Feature } from '../http/feature.ts'
import { everywhere } from '../ui/place.ts'
import { downloadFile, findReportExecution, listReportExecutions } from './endpoints.ts'
import { followLink } from './mailed-links.ts'
import { reportPage, reportsPage } from './pages.ts'
import { listReportSchedulesEndpoint, scheduleReportEndpoint, unscheduleReportEndpoint } from './schedule-endpoints.ts'
import { unsubscribeForm, unsubscribePage } from './unsubscribe.ts'

export { type ExecutionView, findExecution } from './read-executions.ts'

export const reports: Feature = {
  endpoints: [
    listReportExecutions,
    findReportExecution,
    downloadFile,
    followLink,
    listReportSchedulesEndpoint,
    scheduleReportEndpoint,
    unscheduleReportEndpoint,
  ],
  pages: [reportsPage, reportPage, unsubscribePage, unsubscribeForm],
  place: {
    href: '/reports',
    label: 'Reports',
    icon: 'report',
    role: 'reports',
    scope: 'client',
    isHere: everywhere,
    count: null,
  },
  notices: {},
}
