import type { z } from 'zod'
import { refreshTiers as refresh } from '../analytics/segments/index.ts'
import { defineJob, on } from '../queues/for-jobs.ts'
import { addDays, dayBefore, HOUR_MS, MINUTE_MS } from '../time.ts'
import { clientDay } from './client-day.ts'
import type { JobTools } from './job-tools.ts'
import { rollUpDay } from './roll-up-day.ts'

export const refreshTiers = defineJob<z.output<typeof clientDay>, JobTools>({
  name: 'refresh-tiers',
  summary: 'Puts every customer into one of the five behavioural tiers, as of one local day.',
  queue: 'segments',
  payload: clientDay,
  key: ({ clientId, day }) => `${clientId}.${day}`,
  client: ({ clientId }) => clientId,
  night: ({ day }) => day,
  window: ({ day }) => ({ from: day, to: addDays(day, 1) }),
  schedule: {
    cron: '10 0 * * *',
    zone: 'client',
    scope: 'client',
    // A day that was missed is not missed: the next refresh reads all history.
    catchUp: 'latest',
    catchUpWithinMs: null,
    lateAfterMs: 3 * HOUR_MS,
    overlap: 'queue',
    payload: (dueAt, client) => ({ clientId: client.id, day: dayBefore(dueAt, client.timeZone) }),
  },
  after: (payload) => [on(rollUpDay, payload)],
  retry: { attempts: 3, delayMs: 10_000, maxDelayMs: 300_000 },
  timeoutMs: 3 * MINUTE_MS,
  memoryMaxMb: null,
  async run(payload, { commit }) {
    await commit(async (tx) => {
      await refresh(tx, payload)
    })
  },
})
