/** The engine's face: what jobs, board and command line may use of it. */

export { openQueueBackend, type QueueBackend } from './backend.ts'
export type { BackfillRuns, BackfillState, BackfillView } from './backfill-views.ts'
export {
  BACKFILL_RUNS_DEFAULT,
  BACKFILL_RUNS_MAX,
  type BackfillCount,
  type BackfillRequest,
  REPROCESS,
  type Reprocess,
} from './backfills.ts'
export { BULK_ACTIONS, type BulkAction, type BulkCount } from './bulk-runs.ts'
export { evictionWords } from './check-redis.ts'
export { checkCron } from './cron.ts'
export { comingFires } from './due-fires.ts'
export { changeSchedule, type ScheduleChange, type ScheduleSettings } from './edit-schedule.ts'
export { createEngine, type Engine } from './engine.ts'
export {
  readFreshness,
  readNewestWindows,
  type ScheduleFreshness,
  WINDOW_STATES,
  type WindowFreshness,
  type WindowState,
} from './freshness.ts'
export {
  type AnyJob,
  defineJob,
  type Job,
  on,
  type QueueName,
  type RunContext,
  type RunRequest,
} from './job.ts'
export type { Ledger, RequestOptions } from './ledger.ts'
export { perform } from './perform.ts'
export { type AlertOptions, readWaitingQueues, watchAlerts } from './raise-alerts.ts'
export { createRegistry, jobNamed, type Registry } from './registry.ts'
export type { RunFilter } from './run-filter.ts'
export type { AttemptView, RunState, RunView } from './run-views.ts'
export { planNight, zoneOf } from './schedule.ts'
