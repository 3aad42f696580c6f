import type { Registry as PrometheusRegistry } from 'prom-client'
import type { Questions } from '../../analytics/questions/index.ts'
import type { AnyDatabase, Database } from '../../db/database.ts'
import type { FactStore } from '../../ingest/index.ts'
import type { Log } from '../../log.ts'
import type { Identity } from '../../people/roles.ts'
import type { SignIn } from '../../people/sign-in.ts'
import type { Ledger, QueueBackend, Registry } from '../../queues/index.ts'
import type { ObjectStore } from '../../storage/object-store.ts'
import type { Clock } from '../../time.ts'
import type { Notices, Place } from '../ui/place.ts'
import type { Cookies } from './cookies.ts'
import type { RateLimits } from './rate-limits.ts'

/** A part that the program depends on; `check` throws with what to fix. */
export type ReadinessCheck = { name: string; check: () => Promise<void> }

export type BoardQueues = Readonly<QueueBackend['queues']>

/** What the board is made of. `main` builds it; nothing here comes from the environment. */
export type BoardParts = {
  database: Database
  ledger: Ledger
  registry: Registry
  queues: BoardQueues
  storage: ObjectStore
  /** Where mails are kept instead of being sent; null: they go to a mail server, and there is no folder to show. */
  outboxFolder: string | null
  /** Database, queue, storage: asked by /readyz. */
  readiness: readonly ReadinessCheck[]
  clock: Clock
  log: Log
  /** Address people reach the board at; https makes its cookies secure. */
  publicUrl: string
  /** The address it listens on. */
  host: string
  /** Whose X-Forwarded-For is believed, as express names them. */
  trustedProxies: readonly string[]
  /** Whether /metrics is open to strangers. */
  metricsWithoutKey: boolean
  sessionTtlHours: number
  requestsPerSecond: number
  /** The largest file that may be uploaded. */
  importMaxBytes: number
  /** What is older than so many days may be deleted: no window older than that is missing. */
  keptDays: number
  /** Facts that are no books are deleted after so many days, and raw events; null: they are kept. */
  factDays: number | null
  eventDays: number | null
  version: string
}

/** The Prometheus page of this process. */
export type Metrics = {
  registry: PrometheusRegistry
  /** Notes how long a request took, by the pattern of its address. */
  observeRequest(labels: { method: string; route: string; status: number }, seconds: number): void
  /** Notes an error of a request that nobody caught. */
  countUncaught(): void
  /** Reads ledger and queues again; what cannot be read is reported as such. */
  refresh(parts: Pick<BoardParts, 'database' | 'queues' | 'clock' | 'log'>): Promise<void>
}

export type Board = BoardParts & {
  menu: readonly Place[]
  notices: Notices
  cookies: Cookies
  rateLimits: RateLimits
  signIn: SignIn
  metrics: Metrics
  facts: FactStore
  questions: Questions
}

/** What one request may use. */
export type Context = {
  board: Board
  identity: Identity
  /**
   * Sees the rows of the client the visitor is bound to; of all clients when it is bound to none; nothing for a
   * stranger.
   */
  db: AnyDatabase
  ip: string
  requestId: string
}
