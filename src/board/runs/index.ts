import type { Feature } from '../http/feature.ts'
import { everywhere } from '../ui/place.ts'
import { bulkRuns } from './bulk-endpoints.ts'
import { bulkRunsForm, bulkRunsPage } from './bulk-page.ts'
import { cancelRun, findRun, listRuns, retryRun } from './endpoints.ts'
import { cancelForm, retryForm, retryNightForm, runAgainForm, runNightForm } from './run-forms.ts'
import { runPage } from './run-page.ts'
import { runsPage } from './runs-page.ts'

export { changeRuns } from './change-runs.ts'
export { changeRun, checkClient, originOf, requestRun } from './request-run.ts'
export { ledgerFilterOf, runFilterFields } from './run-filter.ts'
export { planned } from './run-reply.ts'

export const runs: Feature = {
  endpoints: [listRuns, bulkRuns, findRun, retryRun, cancelRun],
  pages: [
    runsPage,
    bulkRunsPage,
    bulkRunsForm,
    runPage,
    retryForm,
    cancelForm,
    runAgainForm,
    runNightForm,
    retryNightForm,
  ],
  place: {
    href: '/runs',
    label: 'Runs',
    icon: 'runs',
    role: 'viewer',
    scope: 'client',
    isHere: everywhere,
    count: null,
  },
  notices: {
    retried: 'Planned again. It runs as soon as a worker is free.',
    'retried-all': 'Everything that had failed is planned again.',
    'discarded-all': 'Everything that matched is discarded. A run that was at work stops within seconds.',
    cancelled: 'Cancelled. A run that was already at work stops within seconds.',
    'night-planned': 'The night is planned: what has not run yet runs now.',
    requested: 'Planned. It runs as soon as what it waits for is done and a worker is free.',
  },
}
