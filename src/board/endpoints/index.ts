import { listAlertsEndpoint } from '../alerts/endpoints.ts'
import { cancelBackfillEndpoint, findBackfill, listBackfills, startBackfillEndpoint } from '../backfills/endpoints.ts'
import { eraseCustomerEndpoint, findErasure } from '../erasures/endpoints.ts'
import { collectEndpoints } from '../facts/collect.ts'
import { factEndpoints, factsByOtherName } from '../facts/endpoints.ts'
import { listFreshness } from '../freshness/endpoints.ts'
import {
  changeGoalEndpoint,
  createGoalEndpoint,
  deleteGoalEndpoint,
  findGoalEndpoint,
  listGoalsEndpoint,
} from '../goals/endpoints.ts'
import { livez, metrics, readyz } from '../health/endpoints.ts'
import type { Endpoint } from '../http/endpoint.ts'
import {
  downloadRejects,
  findImportEndpoint,
  importInEarnestEndpoint,
  listImportsEndpoint,
  startImportEndpoint,
} from '../imports/endpoints.ts'
import { listJobs, startRun } from '../jobs/endpoints.ts'
import { attribution } from '../journeys/attribution.ts'
import { clientLtv } from '../journeys/client-ltv.ts'
import { cohorts } from '../journeys/cohorts.ts'
import { conversionRates, funnel } from '../journeys/funnels.ts'
import { askMetricsEndpoint, comparePeriodsEndpoint } from '../metrics/metric-answers.ts'
import { listCatalogue, setThresholdsEndpoint } from '../metrics/metric-catalogue.ts'
import { overview } from '../metrics/overview.ts'
import { downloadFile, findReportExecution, listReportExecutions } from '../reports/endpoints.ts'
import { followLink } from '../reports/mailed-links.ts'
import { bulkRuns } from '../runs/bulk-endpoints.ts'
import { cancelRun, findRun, listRuns, retryRun } from '../runs/endpoints.ts'
import { changeScheduleEndpoint, listSchedulesEndpoint } from '../schedules/endpoints.ts'

/** Every endpoint there is; adding one is one file and one line here. */
export const endpoints: readonly Endpoint[] = [
  listJobs,
  startRun,
  listRuns,
  // Before the one of a single run, whose address it would fit.
  bulkRuns,
  findRun,
  retryRun,
  cancelRun,
  listSchedulesEndpoint,
  changeScheduleEndpoint,
  startBackfillEndpoint,
  listBackfills,
  findBackfill,
  cancelBackfillEndpoint,
  listFreshness,
  listAlertsEndpoint,
  ...factEndpoints,
  // After those, whose addresses it would fit.
  factsByOtherName,
  ...collectEndpoints,
  funnel,
  conversionRates,
  clientLtv,
  cohorts,
  attribution,
  eraseCustomerEndpoint,
  findErasure,
  startImportEndpoint,
  listImportsEndpoint,
  findImportEndpoint,
  importInEarnestEndpoint,
  downloadRejects,
  askMetricsEndpoint,
  comparePeriodsEndpoint,
  overview,
  listCatalogue,
  setThresholdsEndpoint,
  listGoalsEndpoint,
  findGoalEndpoint,
  createGoalEndpoint,
  changeGoalEndpoint,
  deleteGoalEndpoint,
  listReportExecutions,
  findReportExecution,
  downloadFile,
  followLink,
  livez,
  readyz,
  metrics,
]
