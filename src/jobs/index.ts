import type { AnyJob } from '../queues/index.ts'
import { applyRetention } from './apply-retention.ts'
import { deliverCopy } from './deliver-copy.ts'
import { eraseCustomer } from './erase-customer.ts'
import { forecastCallVolume } from './forecast-call-volume.ts'
import { importFile } from './import-file.ts'
import { postAlert } from './post-alert.ts'
import { prepareJourneys } from './prepare-journeys.ts'
import { refreshSummaries } from './refresh-summaries.ts'
import { refreshTiers } from './refresh-tiers.ts'
import { renderReport } from './render-report.ts'
import { rollUpDay } from './roll-up-day.ts'

/** Every job there is. A new one is a file here and a line below. */
export const jobs: readonly AnyJob[] = [
  rollUpDay,
  refreshSummaries,
  refreshTiers,
  forecastCallVolume,
  prepareJourneys,
  renderReport,
  importFile,
  deliverCopy,
  postAlert,
  applyRetention,
  eraseCustomer,
]
