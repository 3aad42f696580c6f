/** The engine's face: what jobs, board and command line may use of it. */

export type { BackfillRuns, BackfillState, BackfillView } from './backfills/backfill-views.ts'
export {
  BACKFILL_RUNS_DEFAULT,
  BACKFILL_RUNS_MAX,
  type BackfillCount,
  type BackfillRequest,
  type FoundWindows,
  REPROCESS,
  type Reprocess,
} from './backfills/backfills.ts'
export { createEngine, type Engine } from './engine.ts'
export {
  readFreshness,
  readNewestWindows,
  type ScheduleFreshness,
  WINDOW_STATES,
  type WindowFreshness,
  type WindowState,
} from './freshness/freshness.ts'
export {
  type AnyJob,
  defineJob,
  type Job,
  on,
  type QueueName,
  type RunContext,
  type RunRequest,
} from './job.ts'
export type { Ledger } from './ledger.ts'
export { perform } from './perform.ts'
export { openQueueBackend, type QueueBackend } from './queue/backend.ts'
export { evictionWords } from './queue/check-redis.ts'
export { readWaitingQueues } from './queue/waiting-queues.ts'
export { createRegistry, jobNamed, type Registry } from './registry.ts'
export { BULK_ACTIONS, type BulkAction, type BulkCount } from './runs/bulk-runs.ts'
export { parsePayload } from './runs/plan-runs.ts'
export type { RequestOptions } from './runs/request-runs.ts'
export type { RunFilter } from './runs/run-filter.ts'
export type { AttemptView, RunView } from './runs/run-views.ts'
export { checkCron } from './schedules/cron.ts'
export { comingFires } from './schedules/due-fires.ts'
export { changeSchedule, type ScheduleChange, type ScheduleSettings } from './schedules/edit-schedule.ts'
export { deleteSchedule, type OwnSchedule, putSchedule } from './schedules/own-schedules.ts'
export { planNight } from './schedules/plan-night.ts'
export { zoneOf } from './schedules/schedule-row.ts'
