import type { SystemDatabase } from '../../src/db/database.ts'

/** How many runs are in which state. */
export async function countByState(db: SystemDatabase): Promise<Record<string, number>> {
  const rows = await db
    .selectFrom('runs')
    .select(['state', (e) => e.fn.countAll<number>().as('runs')])
    .groupBy('state')
    .execute()
  return Object.fromEntries(rows.map(({ state, runs }) => [state, runs]))
}

export function attemptsOf(db: SystemDatabase, runId: string) {
  return db
    .selectFrom('run_attempts')
    .select(['attempt', 'outcome', 'error_code'])
    .where('run_id', '=', runId)
    .orderBy('attempt')
    .execute()
}
