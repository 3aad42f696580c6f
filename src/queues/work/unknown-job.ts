import type { SystemDatabase } from '../../db/database.ts'
import { sqlFile } from '../../sql.ts'
import { MINUTE_MS, SECOND_MS } from '../../time.ts'
import { backoffMs, type ClaimedRun, type Outcome } from './attempt.ts'

const whoKnowsJob = sqlFile<{ known: boolean; tries: number; alone_s: number }>(
  import.meta.dirname,
  'who-knows-job.sql',
)

/** Long enough for a new version to be rolled out, or one that failed to be taken back. */
const ALONE_MAX_MS = 15 * MINUTE_MS
const ALONE = { delayMs: SECOND_MS, maxDelayMs: 30 * SECOND_MS, attempts: Number.POSITIVE_INFINITY }
/** Who takes it next is chance: soon enough, that it comes to the one who knows it. */
const BESIDE_OTHERS = { ...ALONE, maxDelayMs: 5 * SECOND_MS }

/**
 * What a run means to a node that does not know its job, as one of an older version beside newer ones: it is given
 * back, without a try spent, and fails only when no node has known its job for a quarter of an hour.
 */
export async function judgeUnknownJob(db: SystemDatabase, run: Pick<ClaimedRun, 'id' | 'job'>): Promise<Outcome> {
  const [found] = await whoKnowsJob(db, [run.id, run.job])
  const { known, tries, alone_s: aloneS } = found ?? { known: false, tries: 0, alone_s: 0 }
  const waitMs = backoffMs(known ? BESIDE_OTHERS : ALONE, tries + 1)
  if (known) {
    const error = new Error(`this node has no job "${run.job}"; it is left for one that has`)
    return { kind: 'given-back', error, code: 'known-elsewhere', waitMs }
  }
  if (aloneS * SECOND_MS < ALONE_MAX_MS) {
    const error = new Error(`no node that works has the job "${run.job}"; it waits for one`)
    return { kind: 'given-back', error, code: 'unknown-job', waitMs }
  }
  const minutes = ALONE_MAX_MS / MINUTE_MS
  const error = new Error(
    `no node that works has had the job "${run.job}" for ${minutes} minutes; start the version that has it, then retry it`,
  )
  return { kind: 'failed', error, code: 'unknown-job' }
}
