/**
 * The engine's face for jobs, the processes they run in and alerts: it loads no BullMQ, so that a process of one job
 * stays small.
 */

export { serveRuns } from './child/serve-runs.ts'
export { type AnyJob, defineJob, type JobSchedule, on } from './job.ts'
export { readWaitingQueues, type WaitingQueue } from './queue/waiting-queues.ts'
export { createRegistry, type Registry } from './registry.ts'
export { expireRuns } from './runs/expire-runs.ts'
export { planRuns } from './runs/plan-runs.ts'
