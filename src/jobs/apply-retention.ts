import { z } from 'zod'
import { expireAlerts } from '../alerts/index.ts'
import { dropFactsBefore, prepareFactPartitions } from '../db/partitions.ts'
import { expireImports } from '../ingest/index.ts'
import { expireVisits } from '../people/expire-visits.ts'
import { defineJob, expireRuns } from '../queues/for-jobs.ts'
import { expireReports } from '../reports/execution/expire-reports.ts'
import { addDays, dayOf, MINUTE_MS } from '../time.ts'
import type { JobTools } from './job-tools.ts'

/** Of the time the job has, for runs alone: whatever is left then goes the next night. */
const RUNS_BUDGET_MS = 3 * MINUTE_MS

const payload = z.strictObject({ day: z.iso.date() })

export const applyRetention = defineJob<z.output<typeof payload>, JobTools>({
  name: 'apply-retention',
  summary:
    'Deletes what is past its time (reports, imported files, finished runs, old facts, sessions, failed sign-ins) and prepares the months to come.',
  queue: 'aggregation',
  payload,
  key: ({ day }) => `system.${day}`,
  client: () => null,
  night: () => null,
  window: () => null,
  schedule: {
    cron: '40 3 * * *',
    zone: 'UTC',
    scope: 'system',
    catchUp: 'latest',
    catchUpWithinMs: null,
    lateAfterMs: null,
    overlap: 'skip',
    payload: (dueAt) => ({ day: dayOf(dueAt, 'UTC') }),
  },
  after: () => [],
  retry: { attempts: 5, delayMs: 60_000, maxDelayMs: 600_000 },
  timeoutMs: 5 * MINUTE_MS,
  memoryMaxMb: null,
  async run({ day }, { database: { system }, storage, retention, signal, log }) {
    await prepareFactPartitions(system, day)
    const dropped = await dropFactsBefore(system, {
      facts: retention.factDays === null ? null : addDays(day, -retention.factDays),
      events: addDays(day, -retention.eventDays),
    })
    const reports = await expireReports(system, storage, retention.reportDays, signal)
    const imports = await expireImports(system, storage, { days: retention.importDays, signal })
    const runs = await expireRuns(system, retention.ledgerDays, { budgetMs: RUNS_BUDGET_MS, signal })
    await expireAlerts(system, retention.ledgerDays)
    await expireVisits(system)
    log.info(
      { dropped, reports, imports, runs: runs.deleted },
      `retention: ${dropped.length} months of facts, ${reports} reports, ${imports} imports and ${runs.deleted} runs deleted${runs.isDone ? '' : '; more runs are past their time and go the next night'}`,
    )
  },
})
