import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { messageOf } from '../errors.ts'
import { sqlFile } from '../sql.ts'
import type { BoardParts } from './context.ts'

type OpenRow = { queue: string; state: string; runs: number; oldest_seconds: number | null }
type RecentRow = { job: string; state: string; runs: number; median_seconds: number | null; p95_seconds: number | null }
type AttemptRow = { job: string; outcome: string; attempts: number }

const openRuns = sqlFile<OpenRow>(import.meta.dirname, 'open-run-counts.sql')
const recentRuns = sqlFile<RecentRow>(import.meta.dirname, 'recent-run-counts.sql')
const recentAttempts = sqlFile<AttemptRow>(import.meta.dirname, 'recent-attempt-counts.sql')

const HTTP_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export type Metrics = {
  registry: Registry
  /** Notes how long a request took, by the pattern of its address. */
  observeRequest(labels: { method: string; route: string; status: number }, seconds: number): void
  /** Reads ledger and queues anew; what cannot be read is reported as such. */
  refresh(parts: Pick<BoardParts, 'database' | 'queues' | 'log'>): Promise<void>
}

type Gauges = ReturnType<typeof createGauges>

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const gauges = createGauges(registry)
  const http = new Histogram({
    name: 'daybreak_http_request_duration_seconds',
    help: 'How long requests to the board took.',
    labelNames: ['method', 'route', 'status'],
    buckets: HTTP_BUCKETS_S,
    registers: [registry],
  })
  return {
    registry,
    observeRequest: ({ method, route, status }, seconds) =>
      http.observe({ method, route, status: String(status) }, seconds),
    refresh: (parts) => refresh(gauges, parts),
  }
}

function createGauges(registry: Registry) {
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] })
  return {
    readable: gauge('daybreak_ledger_readable', '1 while the ledger and the queues could be read for this page.', []),
    open: gauge('daybreak_runs_open', 'Runs that are planned, queued or running.', ['queue', 'state']),
    oldest: gauge('daybreak_runs_oldest_waiting_seconds', 'How long the oldest run that may run has waited.', [
      'queue',
    ]),
    recent: gauge('daybreak_runs_planned_24h', 'Runs planned in the last 24 hours, by what became of them.', [
      'job',
      'state',
    ]),
    duration: gauge('daybreak_run_duration_24h_seconds', 'Duration of runs that ended in the last 24 hours.', [
      'job',
      'quantile',
    ]),
    attempts: gauge('daybreak_run_attempts_24h', 'Attempts begun in the last 24 hours, by outcome.', [
      'job',
      'outcome',
    ]),
    depth: gauge('daybreak_queue_jobs', 'Jobs in the queue, by the state BullMQ gives them.', ['queue', 'state']),
  }
}

async function refresh(gauges: Gauges, parts: Pick<BoardParts, 'database' | 'queues' | 'log'>): Promise<void> {
  try {
    await Promise.all([readLedger(gauges, parts), readQueues(gauges, parts)])
    gauges.readable.set(1)
  } catch (error) {
    gauges.readable.set(0)
    parts.log.warn(`the ledger could not be read for /metrics: ${messageOf(error)}`)
  }
}

async function readLedger(gauges: Gauges, { database }: Pick<BoardParts, 'database'>): Promise<void> {
  const { system } = database
  const [open, recent, attempts] = await Promise.all([
    openRuns(system, []),
    recentRuns(system, []),
    recentAttempts(system, []),
  ])
  for (const each of [gauges.open, gauges.oldest, gauges.recent, gauges.duration, gauges.attempts]) each.reset()
  for (const { queue, state, runs, oldest_seconds: oldest } of open) {
    gauges.open.set({ queue, state }, runs)
    if (oldest !== null) gauges.oldest.set({ queue }, oldest)
  }
  for (const { job, state, runs, median_seconds: median, p95_seconds: p95 } of recent) {
    gauges.recent.set({ job, state }, runs)
    if (state !== 'succeeded' || median === null || p95 === null) continue
    gauges.duration.set({ job, quantile: '0.5' }, median)
    gauges.duration.set({ job, quantile: '0.95' }, p95)
  }
  for (const { job, outcome, attempts: count } of attempts) gauges.attempts.set({ job, outcome }, count)
}

async function readQueues(gauges: Gauges, { queues }: Pick<BoardParts, 'queues'>): Promise<void> {
  const depths = await Promise.all(
    [...queues].map(async ([queue, each]) => ({ queue, counts: await each.getJobCounts() })),
  )
  gauges.depth.reset()
  for (const { queue, counts } of depths) {
    for (const [state, jobs] of Object.entries(counts)) gauges.depth.set({ queue, state }, jobs)
  }
}
