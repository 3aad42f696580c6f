import { openDatabase } from '../../src/db/database.ts'
import { createLog } from '../../src/log.ts'
import { serveRuns } from '../../src/queues/child/serve-runs.ts'
import { createRegistry } from '../../src/queues/registry.ts'
import { testJobs } from './test-jobs.ts'

/** Where test-node.ts runs jobs that have a memory limit. */
serveRuns<string, object>(async (databaseUrl) => {
  const log = createLog('info')
  const database = openDatabase(databaseUrl, { max: 4, log })
  return { registry: createRegistry(testJobs), database, jobTools: {}, log, close: () => database.close() }
})
