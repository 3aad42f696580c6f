import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { alertKinds } from '../../alerts/index.ts'
import { messageOf } from '../../errors.ts'
import { readNewestWindows, readWaitingQueues } from '../../queues/index.ts'
import type { RunState } from '../../run-state.ts'
import { sqlFile } from '../../sql.ts'
import { SECOND_MS } from '../../time.ts'
import type { BoardParts, Metrics } from '../http/context.ts'

type RunRow = { job: string; state: RunState; runs: number }
type EndedRow = { job: string; outcome: string; attempts: number; seconds: number }
type SystemRow = { schedule_lag: number; nodes: number; alerts: Record<string, number> }

const runCounts = sqlFile<RunRow>(import.meta.dirname, 'run-counts.sql')
const endedAttempts = sqlFile<EndedRow>(import.meta.dirname, 'ended-attempts.sql')
const systemState = sqlFile<SystemRow>(import.meta.dirname, 'system-state.sql')

const HTTP_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const RUN_BUCKETS_S = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]
/** An attempt is counted once it ended so long ago that every transaction which wrote one by then has ended too. */
const SETTLED_MS = 5 * SECOND_MS
/** Longer ago nobody asked; what ended meanwhile is not counted. */
const UNASKED_MAX_MS = 3600 * SECOND_MS

type Parts = Pick<BoardParts, 'database' | 'queues' | 'clock' | 'log'>

type Gauges = ReturnType<typeof createGauges>
type Ended = ReturnType<typeof createEnded>

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const gauges = createGauges(registry)
  const ended = createEnded(registry)
  const http = new Histogram({
    name: 'daybreak_http_request_duration_seconds',
    help: 'How long requests to the board took.',
    labelNames: ['method', 'route', 'status'],
    buckets: HTTP_BUCKETS_S,
    registers: [registry],
  })
  const uncaught = new Counter({
    name: 'daybreak_http_uncaught_errors_total',
    help: 'Errors of requests to the board that nobody caught: mistakes of the program, which ended the request alone.',
    registers: [registry],
  })
  let current: Promise<void> | null = null
  return {
    registry,
    observeRequest: ({ method, route, status }, seconds) =>
      http.observe({ method, route, status: String(status) }, seconds),
    countUncaught: () => uncaught.inc(),
    refresh(parts) {
      // Two that ask at once get one answer: an attempt must not be counted twice.
      current ??= refresh(gauges, ended, parts).finally(() => {
        current = null
      })
      return current
    },
  }
}

function createGauges(registry: Registry) {
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] })
  return {
    readable: gauge('daybreak_ledger_readable', '1 while the ledger and the queues could be read for this page.', []),
    nodes: gauge('daybreak_nodes', 'Processes that work and have given a sign of life within 15 seconds.', []),
    scheduleLag: gauge('daybreak_schedule_lag_seconds', 'How long what is most overdue waits to be planned.', []),
    runs: gauge('daybreak_runs', 'Runs that are open, and those that failed within seven days and were not retried.', [
      'job',
      'state',
    ]),
    oldest: gauge(
      'daybreak_queue_oldest_waiting_seconds',
      'How long the run has waited that could have been at work for longest. Backfills do not count while a node works.',
      ['queue'],
    ),
    freshness: gauge(
      'daybreak_freshness_lag_seconds',
      'How long ago the newest window ended that is done. A client’s day is fresh for 24 hours and what its night takes.',
      ['client', 'job'],
    ),
    alerts: gauge('daybreak_alerts_open', 'Alerts whose cause is still there.', ['kind']),
    depth: gauge('daybreak_queue_jobs', 'Jobs in the queue, by the state BullMQ gives them.', ['queue', 'state']),
  }
}

function createEnded(registry: Registry) {
  return {
    attempts: new Counter({
      name: 'daybreak_run_attempts_total',
      help: 'Attempts that ended, on any node, since this process began to be asked.',
      labelNames: ['job', 'outcome'],
      registers: [registry],
    }),
    duration: new Histogram({
      name: 'daybreak_run_duration_seconds',
      help: 'How long attempts took that succeeded, on any node, since this process began to be asked.',
      labelNames: ['job'],
      buckets: RUN_BUCKETS_S,
      registers: [registry],
    }),
    /** Everything that ended by then is counted. */
    countedUntil: null as Temporal.Instant | null,
  }
}

async function refresh(gauges: Gauges, ended: Ended, parts: Parts): Promise<void> {
  try {
    await Promise.all([readLedger(gauges, parts), countEnded(ended, parts), readQueues(gauges, parts)])
    gauges.readable.set(1)
  } catch (error) {
    gauges.readable.set(0)
    parts.log.warn(`the ledger could not be read for /metrics: ${messageOf(error)}`)
  }
}

async function readLedger(gauges: Gauges, { database: { system }, queues }: Parts): Promise<void> {
  const [runs, [state], waiting, newest] = await Promise.all([
    runCounts(system, []),
    systemState(system, []),
    readWaitingQueues(system),
    readNewestWindows(system),
  ])
  for (const each of [gauges.runs, gauges.freshness, gauges.alerts]) each.reset()
  for (const { job, state: name, runs: count } of runs) gauges.runs.set({ job, state: name }, count)
  gauges.scheduleLag.set(state?.schedule_lag ?? 0)
  gauges.nodes.set(state?.nodes ?? 0)
  for (const { name: kind } of alertKinds) gauges.alerts.set({ kind }, 0)
  for (const [kind, open] of Object.entries(state?.alerts ?? {})) gauges.alerts.set({ kind }, open)
  const ages = new Map(waiting.map(({ queue, seconds }) => [queue, seconds]))
  for (const queue of queues.keys()) gauges.oldest.set({ queue }, ages.get(queue) ?? 0)
  for (const [client, theirs] of Map.groupBy(newest, ({ clientId }) => clientId)) {
    for (const [job, same] of Map.groupBy(theirs, (each) => each.job)) {
      const lags = same.flatMap(({ lagSeconds }) => lagSeconds ?? [])
      if (lags.length > 0) gauges.freshness.set({ client, job }, Math.min(...lags))
    }
  }
}

/**
 * The ledger keeps no counters, which every worker would have to write: what ended since the last time is counted here.
 */
async function countEnded(ended: Ended, { database, clock }: Parts): Promise<void> {
  const until = clock().subtract({ milliseconds: SETTLED_MS })
  const earliest = until.subtract({ milliseconds: UNASKED_MAX_MS })
  const last = ended.countedUntil ?? until
  const from = Temporal.Instant.compare(last, earliest) < 0 ? earliest : last
  const rows = await endedAttempts(database.system, [from.toString(), until.toString(), RUN_BUCKETS_S])
  ended.countedUntil = until
  for (const { job, outcome, attempts, seconds } of rows) {
    ended.attempts.inc({ job, outcome }, attempts)
    if (outcome !== 'succeeded') continue
    for (let each = 0; each < attempts; each += 1) ended.duration.observe({ job }, seconds)
  }
}

async function readQueues(gauges: Gauges, { queues }: Parts): Promise<void> {
  const depths = await Promise.all(
    [...queues].map(async ([queue, each]) => ({ queue, counts: await each.getJobCounts() })),
  )
  gauges.depth.reset()
  for (const { queue, counts } of depths) {
    for (const [state, jobs] of Object.entries(counts)) gauges.depth.set({ queue, state }, jobs)
  }
}
