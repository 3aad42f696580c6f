import type { Endpoint } from '../endpoint.ts'
import { listAlertsEndpoint } from './alerts.ts'
import { attribution } from './attribution.ts'
import { cancelBackfillEndpoint, findBackfill, listBackfills, startBackfillEndpoint } from './backfills.ts'
import { bulkRuns } from './bulk-runs.ts'
import { clientLtv } from './client-ltv.ts'
import { cohorts } from './cohorts.ts'
import { collectEndpoints } from './collect.ts'
import { eraseCustomerEndpoint, findErasure } from './erasures.ts'
import { factEndpoints, factsByOtherName } from './facts.ts'
import { listFreshness } from './freshness.ts'
import { conversionRates, funnel } from './funnels.ts'
import {
  changeGoalEndpoint,
  createGoalEndpoint,
  deleteGoalEndpoint,
  findGoalEndpoint,
  listGoalsEndpoint,
} from './goals.ts'
import { livez, metrics, readyz } from './health.ts'
import {
  downloadRejects,
  findImportEndpoint,
  importInEarnestEndpoint,
  listImportsEndpoint,
  startImportEndpoint,
} from './imports.ts'
import { listJobs, startRun } from './jobs.ts'
import { followLink } from './mailed-links.ts'
import { askMetricsEndpoint, comparePeriodsEndpoint } from './metric-answers.ts'
import { listCatalogue, setThresholdsEndpoint } from './metric-catalogue.ts'
import { overview } from './overview.ts'
import { downloadFile, findReportExecution, listReportExecutions } from './reports.ts'
import { cancelRun, findRun, listRuns, retryRun } from './runs.ts'
import { changeScheduleEndpoint, listSchedulesEndpoint } from './schedules.ts'

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
