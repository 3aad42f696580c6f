import type { z } from 'zod'
import type { ClientDatabase, ClientTransaction } from '../db/database.ts'
import type { Log } from '../log.ts'
import type { DayWindow } from '../time.ts'

export const QUEUES = [
  'aggregation',
  'segments',
  'predictions',
  'reports',
  'deliveries',
  'imports',
  'erasures',
] as const
export type QueueName = (typeof QUEUES)[number]

/**
 * Queues of which a client has one run at a time in hand, and the rest in the ledger: their runs are long and
 * somebody's own doing, and ten slow ones of one client must leave the other hands to others. Until a failed one has
 * ended for good it counts, too.
 */
const ONE_AT_A_TIME: readonly QueueName[] = ['imports', 'erasures']

/** How many runs of one client each queue may hold, as JSON for the statements that hand runs over. */
export function clientCaps(clientRunsMax: number): string {
  const caps = QUEUES.map((queue) => [queue, ONE_AT_A_TIME.includes(queue) ? 1 : clientRunsMax])
  return JSON.stringify(Object.fromEntries(caps))
}

/** What a schedule's payload is computed from: the client it is for and what its row adds. */
export type ScheduledClient = { id: string; timeZone: string }

/** When a job runs by itself. `zone: 'client'` is the client's own. */
export type JobSchedule<Payload> = {
  /** null: only the rows of the table `schedules` say when (a report's). */
  cron: string | null
  /** An IANA name, or the zone of each client. */
  zone: 'client' | (string & {})
  /** One schedule per client, or one for the whole system. */
  scope: 'client' | 'system'
  /** What to do with fire times missed while nobody was planning. */
  catchUp: 'all' | 'latest' | 'none'
  /** Fire times missed longer ago than this are not caught up; null: however long ago. */
  catchUpWithinMs: number | null
  /** A run that is not done this long after it was due is late, and an alert says so once; null: never. */
  lateAfterMs: number | null
  /** What to do when an earlier run of the same schedule is still open. */
  overlap: 'skip' | 'queue' | 'allow'
  /** What to do, from the time it was due, never from the clock. `extra` is what the row of `schedules` adds. */
  payload(dueAt: Temporal.Instant, client: ScheduledClient, extra: Record<string, unknown>): Payload
}

export type RetryPolicy = { attempts: number; delayMs: number; maxDelayMs: number }

/** A run to be asked for: of which job, for what. Made by `on(job, payload)`. */
export type RunRequest = { job: AnyJob; payload: unknown }

/** What a run may use. `S` is what this program's jobs need beside: storage, mail, …  */
export type RunContext = {
  runId: string
  /** Rises with every claim of the run. */
  attempt: number
  /**
   * When the run was last asked for: at its planning, or by a person's retry. What happened after that nobody has
   * answered yet.
   */
  askedAt: string
  /** A failure now is for good: nobody tries again by themselves. */
  isLastTry: boolean
  /**
   * Sees and writes the rows of the payload's client only. A run of the whole system has none: its job is given the
   * system's by its tools.
   */
  db: ClientDatabase
  log: Log
  /** Fires on deadline, cancel and shutdown. */
  signal: AbortSignal
  /** 0…1; cheap to call often. */
  progress(share: number): void
  /**
   * The run's last transaction: what `write` does, the runs it asks for and the run's success commit together, or not
   * at all if another worker has taken the run over meanwhile. A job that has no result to write need not call it.
   */
  commit(write: (tx: ClientTransaction, follow: (request: RunRequest) => Promise<void>) => Promise<void>): Promise<void>
  /**
   * A transaction in the middle of a run, refused once another worker has taken it over: for what must be on record
   * before the outside world is touched.
   */
  checkpoint(write: (tx: ClientTransaction) => Promise<void>): Promise<void>
  /**
   * A transaction that another worker's claim does not refuse: for what the outside world answered after the run was
   * taken over. Fence it by what was asked. Where `write` changed something, the run is planned again if it failed
   * meanwhile, to end by what is known now.
   */
  tellLate(write: (tx: ClientTransaction) => Promise<boolean>): Promise<void>
}

export type Job<Payload, JobTools> = {
  name: string
  /** One sentence, for the board and docs/jobs.md. */
  summary: string
  queue: QueueName
  payload: z.ZodType<Payload>
  /** One run per key, ever. Begins with the client's id. */
  key(payload: Payload): string
  /** The client the run belongs to; null for work of the whole system. */
  client(payload: Payload): string | null
  /** The local day whose night the run belongs to; null for work asked for by itself. */
  night(payload: Payload): string | null
  /** The local days of the client it is about, half-open, whenever it runs; null for work about no days. */
  window(payload: Payload): DayWindow | null
  /** null: runs only when asked for, or by schedules made on the board. */
  schedule: JobSchedule<Payload> | null
  /**
   * Runs that must have succeeded first; those never asked for are planned too. `askedAt`: when its schedule was due,
   * or somebody asked for it.
   */
  after(payload: Payload, askedAt: Temporal.Instant): RunRequest[]
  retry: RetryPolicy
  timeoutMs: number
  /**
   * A number: runs in a process of its own, which ends when it and all it starts hold more than so many megabytes;
   * whatever happens there, a loop without end included, costs that attempt only. null: runs in the worker's process.
   */
  memoryMaxMb: number | null
  run(payload: Payload, context: RunContext & JobTools): Promise<void>
}

// A registry holds jobs of every payload; each checks its own at the door.
// oxlint-disable-next-line typescript/no-explicit-any -- of any payload
export type AnyJob = Job<any, any>

/** Declares a job. Nothing is defaulted. */
export function defineJob<Payload, JobTools>(job: Job<Payload, JobTools>): Job<Payload, JobTools> {
  return job
}

/** Names a run of `job` for `payload`, type-checked. */
export function on<Payload, JobTools>(job: Job<Payload, JobTools>, payload: Payload): RunRequest {
  return { job, payload }
}
