import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientDatabase, ClientTransaction, SystemDatabase } from '../../db/database.ts'
import { SECOND_MS } from '../../time.ts'
import { planAgain } from '../runs/plan-runs.ts'
import type { ClaimedRun } from './attempt.ts'
import { persist } from './persist.ts'

/** Whoever has the run now may be about to fail it, for want of what was just told. */
const LOOKS_MAX = 60

/** Does what RunContext.tellLate promises. */
export async function tellLate(
  db: ClientDatabase,
  system: SystemDatabase,
  run: Pick<ClaimedRun, 'id' | 'priority'>,
  write: (tx: ClientTransaction) => Promise<boolean>,
): Promise<void> {
  // However it was told to stop: nobody else will ever know.
  const unstopped = new AbortController().signal
  if (!(await persist(unstopped, () => db.transaction().execute(write)))) return
  const options = { origin: 'program', requestedBy: 'a late answer', priority: run.priority } as const
  for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
    const again = await persist(unstopped, () => planAgain(system, [{ id: run.id }], ['failed'], options))
    if (again.length > 0 || !(await isAtWork(system, run.id))) return
    await sleep(SECOND_MS)
  }
}

async function isAtWork(db: SystemDatabase, runId: string): Promise<boolean> {
  const run = await db.selectFrom('runs').select('state').where('id', '=', runId).executeTakeFirst()
  return run?.state === 'running'
}
