import { forecastCallVolume as forecast } from '../analytics/forecasts/index.ts'
import { defineJob } from '../queues/for-jobs.ts'
import { MINUTE_MS } from '../time.ts'
import type { ClientDay } from './client-day.ts'
import type { JobTools } from './job-tools.ts'
import { nightly } from './nightly.ts'

export const forecastCallVolume = defineJob<ClientDay, JobTools>({
  ...nightly,
  name: 'forecast-call-volume',
  summary: 'Forecasts the call volume of the coming days, with intervals, from the days rolled up so far.',
  queue: 'predictions',
  timeoutMs: 5 * MINUTE_MS,
  async run(payload, { db, commit, log }) {
    const forecasts = await forecast(db, payload)
    for (const { sectorId, outcome } of forecasts.forecasts) {
      if ('reason' in outcome) log.info(`no forecast for ${sectorId || 'the whole client'}: ${outcome.reason}`)
    }
    await commit((tx) => forecasts.store(tx))
  },
})
