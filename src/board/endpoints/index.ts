import type { Endpoint } from '../endpoint.ts'
import { listAlertsEndpoint } from './alerts.ts'
import { cancelBackfillEndpoint, findBackfill, listBackfills, startBackfillEndpoint } from './backfills.ts'
import { bulkRuns } from './bulk-runs.ts'
import { collectEndpoints } from './collect.ts'
import { factEndpoints, factsByOtherName } from './facts.ts'
import { listFreshness } from './freshness.ts'
import { livez, metrics, readyz } from './health.ts'
import { listJobs, startRun } from './jobs.ts'
import { followLink } from './mailed-links.ts'
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
  listReportExecutions,
  findReportExecution,
  downloadFile,
  followLink,
  livez,
  readyz,
  metrics,
]
