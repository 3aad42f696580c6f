import { z } from 'zod'
import { rollUpDay as rollUp } from '../analytics/metrics/index.ts'
import { requireFacts } from '../db/partitions.ts'
import { defineJob } from '../queues/for-jobs.ts'
import { addDays, dayBefore, HOUR_MS, MINUTE_MS } from '../time.ts'
import { clientDay } from './client-day.ts'
import type { JobTools } from './job-tools.ts'

export const rollUpDay = defineJob<z.output<typeof clientDay>, JobTools>({
  name: 'roll-up-day',
  summary: 'Adds up one local day of a client, from all its facts, and with it its week and its month.',
  queue: 'aggregation',
  payload: clientDay,
  key: ({ clientId, day }) => `${clientId}.${day}`,
  client: ({ clientId }) => clientId,
  night: ({ day }) => day,
  window: ({ day }) => ({ from: day, to: addDays(day, 1) }),
  schedule: {
    cron: '10 0 * * *',
    zone: 'client',
    scope: 'client',
    catchUp: 'all',
    catchUpWithinMs: null,
    lateAfterMs: 2 * HOUR_MS,
    overlap: 'allow',
    payload: (dueAt, client) => ({ clientId: client.id, day: dayBefore(dueAt, client.timeZone) }),
  },
  after: () => [],
  retry: { attempts: 5, delayMs: 10_000, maxDelayMs: 600_000 },
  timeoutMs: 5 * MINUTE_MS,
  memoryMaxMb: null,
  async run(payload, { commit, retention }) {
    await commit(async (tx) => {
      await requireFacts(tx, payload.day, retention.factDays)
      await rollUp(tx, { ...payload, eventDays: retention.eventDays })
    })
  },
})
