import type { Config } from '../config.ts'
import { openDatabase } from '../db/database.ts'
import { startPulse } from '../db/pulse.ts'
import { jobs } from '../jobs/index.ts'
import type { JobTools } from '../jobs/job-tools.ts'
import { createLog } from '../log.ts'
import { createRegistry, serveRuns } from '../queues/for-jobs.ts'
import { openTracing } from '../tracing.ts'
import { openJobTools } from './open-job-tools.ts'
import { tracingOf } from './tracing-of.ts'

/**
 * What the program gives its children. Over IPC: settings hold secrets, and the embedded database is the program's own.
 */
export type ChildSettings = { config: Config; databaseUrl: string; logLevel: string }

/** One run at a time. */
const CONNECTIONS_MAX = 4

/**
 * The process in which one run works at a time, apart from all others: started by the worker, see
 * queues/child/run-child.ts.
 */
serveRuns<ChildSettings, JobTools>(async ({ config, databaseUrl, logLevel }) => {
  const log = createLog(logLevel)
  const closeTracing = await openTracing({ ...tracingOf(config), log })
  const database = openDatabase(databaseUrl, { max: CONNECTIONS_MAX, clientUrl: config.DATABASE_CLIENT_URL, log })
  startPulse(databaseUrl, log, database.dropConnections)
  const jobTools = await openJobTools(config, database, log)
  return {
    registry: createRegistry(jobs),
    database,
    jobTools,
    log,
    async close() {
      await Promise.all([jobTools.mailer.close(), jobTools.printer.close(), closeTracing()])
    },
  }
})
