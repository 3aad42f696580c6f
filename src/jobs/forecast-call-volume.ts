import type { z } from 'zod'
import { forecastCallVolume as forecast } from '../analytics/forecasts/index.ts'
import { defineJob, on } from '../queues/for-jobs.ts'
import { addDays, dayBefore, HOUR_MS, MINUTE_MS } from '../time.ts'
import { clientDay } from './client-day.ts'
import type { JobTools } from './job-tools.ts'
import { rollUpDay } from './roll-up-day.ts'

export const forecastCallVolume = defineJob<z.output<typeof clientDay>, JobTools>({
  name: 'forecast-call-volume',
  summary: 'Forecasts the call volume of the coming days, with intervals, from the days rolled up so far.',
  queue: 'predictions',
  payload: clientDay,
  key: ({ clientId, day }) => `${clientId}.${day}`,
  client: ({ clientId }) => clientId,
  night: ({ day }) => day,
  window: ({ day }) => ({ from: day, to: addDays(day, 1) }),
  schedule: {
    cron: '10 0 * * *',
    zone: 'client',
    scope: 'client',
    // Yesterday's forecast of today is of no use to anybody.
    catchUp: 'latest',
    catchUpWithinMs: null,
    lateAfterMs: 3 * HOUR_MS,
    overlap: 'queue',
    payload: (dueAt, client) => ({ clientId: client.id, day: dayBefore(dueAt, client.timeZone) }),
  },
  after: (payload) => [on(rollUpDay, payload)],
  retry: { attempts: 3, delayMs: 10_000, maxDelayMs: 300_000 },
  timeoutMs: 5 * MINUTE_MS,
  memoryMaxMb: null,
  async run(payload, { db, commit, log }) {
    const forecasts = await forecast(db, payload)
    for (const { sectorId, outcome } of forecasts.forecasts) {
      if ('reason' in outcome) log.info(`no forecast for ${sectorId || 'the whole client'}: ${outcome.reason}`)
    }
    await commit((tx) => forecasts.store(tx))
  },
})
