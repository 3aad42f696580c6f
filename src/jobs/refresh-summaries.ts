import { z } from 'zod'
import { refreshSummaries as refresh } from '../analytics/metrics/index.ts'
import { defineJob } from '../queues/for-jobs.ts'
import { MINUTE_MS } from '../time.ts'
import type { JobTools } from './job-tools.ts'

/** The hour of UTC it is refreshed in, such as 2026-03-01T05. */
const payload = z.strictObject({ hour: z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}$/) })

export const refreshSummaries = defineJob<z.output<typeof payload>, JobTools>({
  name: 'refresh-summaries',
  summary:
    'Brings the daily and sector summaries of all clients up to date with their roll-ups, and adds up the days, weeks and months that long questions are answered from.',
  queue: 'aggregation',
  payload,
  key: ({ hour }) => `system.${hour}`,
  client: () => null,
  night: () => null,
  window: () => null,
  schedule: {
    // It is always the end of somebody's night: nights are rolled up from ten past midnight, on the hour of UTC or off
    // it.
    cron: '55 * * * *',
    zone: 'UTC',
    scope: 'system',
    catchUp: 'latest',
    catchUpWithinMs: null,
    lateAfterMs: null,
    overlap: 'skip',
    payload: (dueAt) => ({ hour: dueAt.toString().slice(0, 'yyyy-mm-ddThh'.length) }),
  },
  after: () => [],
  retry: { attempts: 5, delayMs: 60_000, maxDelayMs: 600_000 },
  timeoutMs: 5 * MINUTE_MS,
  memoryMaxMb: null,
  run: (_, { database, signal }) => refresh(database, signal),
})
