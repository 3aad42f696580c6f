import { openDatabase } from '../../src/db/database.ts'
import { createLog } from '../../src/log.ts'
import { serveRuns } from '../../src/queues/child/serve-runs.ts'
import { createRegistry } from '../../src/queues/registry.ts'
import { isolationJobs } from './isolation-jobs.ts'

/** What src/main/work-child.ts is to the program, for the jobs of isolation.test.ts. */

export type IsolationSettings = { databaseUrl: string }

serveRuns<IsolationSettings, object>(async ({ databaseUrl }) => {
  const log = createLog('info')
  const database = openDatabase(databaseUrl, { max: 4, log })
  return { registry: createRegistry(isolationJobs), database, jobTools: {}, log, close: async () => {} }
})
