import type { Database } from '../db/database.ts'
import type { Log } from '../log.ts'
import { systemClock } from '../time.ts'
import type { Job, RunContext, RunRequest } from './job.ts'
import { clientHandle, ownHandle } from './work/own-handle.ts'

export type PerformTools<JobTools> = {
  database: Database
  log: Log
  jobTools: JobTools
  signal?: AbortSignal
  runId?: string
}

/**
 * Runs a job as a worker would, without queue and ledger, for tests: payload through its schema, the client's own
 * database handle, commits that commit. Returns the runs it asked for.
 */
export async function perform<Payload, JobTools>(
  job: Job<Payload, JobTools>,
  payload: Payload,
  { database, log, jobTools, signal, runId }: PerformTools<JobTools>,
): Promise<RunRequest[]> {
  const parsed = job.payload.parse(payload)
  const clientId = job.client(parsed)
  const own = ownHandle(clientId, database)
  const followed: RunRequest[] = []
  const context: RunContext = {
    runId: runId ?? '00000000-0000-4000-8000-000000000000',
    attempt: 1,
    askedAt: systemClock().toString(),
    isLastTry: false,
    db: clientHandle(clientId, database),
    log,
    signal: signal ?? new AbortController().signal,
    progress: () => {},
    checkpoint: (write) => own.transaction().execute(write),
    tellLate: (write) =>
      own
        .transaction()
        .execute(write)
        .then(() => {}),
    commit: (write) =>
      own.transaction().execute((tx) =>
        write(tx, async (request) => {
          followed.push(request)
        }),
      ),
  }
  await job.run(parsed, { ...jobTools, ...context })
  return followed
}
