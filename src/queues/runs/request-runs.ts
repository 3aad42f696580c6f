import type { AnyDatabase, ClientDatabase, ClientTransaction, SystemDatabase } from '../../db/database.ts'
import { ENDED_STATES, UNSUCCESSFUL_STATES } from '../../run-state.ts'
import type { RunRequest } from '../job.ts'
import type { ReadyRun } from '../queue/dispatch.ts'
import {
  findRun,
  findRuns,
  identityOf,
  type NewRun,
  type Origin,
  type PlanOptions,
  planAgain,
  planRuns,
} from './plan-runs.ts'

export type RequestOptions = {
  origin: Origin
  requestedBy: string
  /**
   * What to do when the run exists and has ended: leave it; run it again if it failed or was cancelled; if it
   * succeeded; whatever it did.
   */
  again: 'no' | 'failed' | 'succeeded' | 'all'
}

export type RequestedRun = { runId: string; created: boolean }

export type RequestTools = {
  db: SystemDatabase
  /** Takes what is queued as it is planned; null: all waits for the dispatcher. */
  atOnce: { clientRunsMax: number; handOver(runs: ReadyRun[]): void } | null
  /** Called when something may have become ready. */
  onPlanned(): void
}

const REVIVED = { no: [], failed: UNSUCCESSFUL_STATES, succeeded: ['succeeded'], all: ENDED_STATES } as const
const PRIORITIES: Record<Origin, PlanOptions['priority']> = {
  person: 1,
  program: 1,
  schedule: 2,
  'follow-up': 2,
  'late-facts': 2,
  backfill: 3,
}

/** Plans the run (and what it depends on); asking twice gives the same run. */
export async function requestRun(
  tools: RequestTools,
  request: RunRequest,
  options: RequestOptions,
): Promise<RequestedRun> {
  const asked = await requestIn(tools, tools.db, request, options)
  tellPlanned(tools, [asked])
  return { runId: asked.runId, created: asked.created }
}

/** The same for what is put on record with its run: both commit together, or not at all. */
export async function requestWith<T>(
  tools: RequestTools,
  db: ClientDatabase,
  options: RequestOptions,
  write: (tx: ClientTransaction, request: (run: RunRequest) => Promise<RequestedRun>) => Promise<T>,
): Promise<T> {
  const asked: AskedRun[] = []
  const done = await db.transaction().execute((tx) =>
    write(tx, async (run) => {
      const each = await requestIn(tools, tx, run, options)
      asked.push(each)
      return { runId: each.runId, created: each.created }
    }),
  )
  tellPlanned(tools, asked)
  return done
}

/** `planned`: the runs that are new, what it depends on among them. `waits`: the dispatcher has something to do. */
type AskedRun = RequestedRun & { planned: NewRun[]; waits: boolean }

async function requestIn(
  tools: RequestTools,
  db: AnyDatabase,
  request: RunRequest,
  options: RequestOptions,
): Promise<AskedRun> {
  const plan = planFor(options)
  const { job, key } = identityOf(request)
  const planned = await planAtOnce(tools, db, [request], plan)
  const fresh = planned.find((run) => run.job === job && run.key === key)
  const known = fresh ?? (await findRun(db, request))
  if (!known) throw new Error(`run ${job} ${key} was planned and is gone`)
  const again = fresh ? [] : await planAgain(db, [known], REVIVED[options.again], plan)
  const waits = fresh?.state === 'planned' || again.length > 0
  return { runId: known.id, created: fresh !== undefined, planned, waits }
}

/** After the commit: a queue that heard before might find nothing to claim. */
function tellPlanned(tools: RequestTools, asked: readonly AskedRun[]): void {
  handOver(
    tools,
    asked.flatMap(({ planned }) => planned),
  )
  if (asked.some(({ waits }) => waits)) tools.onPlanned()
}

/**
 * What is ready as it is planned does not wait for the dispatcher when somebody waits for it; it is to be handed over.
 */
function planAtOnce(
  { atOnce }: RequestTools,
  db: AnyDatabase,
  requests: RunRequest[],
  plan: PlanOptions,
): Promise<NewRun[]> {
  const isUrgent = atOnce !== null && plan.priority === 1
  return planRuns(
    db,
    requests.map((request) => ({ request, options: plan })),
    isUrgent ? atOnce.clientRunsMax : null,
  )
}

function handOver({ atOnce }: RequestTools, planned: readonly NewRun[]): void {
  const queued = planned.filter(({ state }) => state === 'queued')
  if (queued.length > 0) atOnce?.handOver(queued.map((run) => ({ ...run, attempt: 0 })))
}

/** Requests handled by one statement. */
const PAGE = 500

/** The same for many. Returns how many were planned, new or again. */
export async function requestAll(
  tools: RequestTools,
  requests: RunRequest[],
  options: RequestOptions,
): Promise<number> {
  const plan = planFor(options)
  let changed = 0
  for (let at = 0; at < requests.length; at += PAGE) {
    const page = requests.slice(at, at + PAGE)
    const planned = await planAtOnce(tools, tools.db, page, plan)
    handOver(tools, planned)
    const fresh = new Set(planned.map((run) => `${run.job} ${run.key}`))
    const known = page.map(identityOf).filter((run) => !fresh.has(`${run.job} ${run.key}`))
    const again = await planAgain(tools.db, await findRuns(tools.db, known), REVIVED[options.again], plan)
    changed += planned.length + again.length
  }
  if (changed > 0) tools.onPlanned()
  return changed
}

function planFor({ origin, requestedBy }: RequestOptions): PlanOptions {
  return { origin, requestedBy, priority: PRIORITIES[origin] }
}
