/** The engine's face for jobs and the processes they run in: it loads no BullMQ, so that a process of one job stays small. */

export { serveRuns } from './child/serve-runs.ts'
export { expireAlerts } from './expire-alerts.ts'
export { defineJob, on } from './job.ts'
export { createRegistry } from './registry.ts'
export { expireRuns } from './runs/expire-runs.ts'
