import type { ClientDatabase, ClientTransaction } from '../../db/database.ts'
import { addDays, type Day } from '../../time.ts'
import { createKeptRows } from '../questions/index.ts'
import { erasureState, type PreparedRows, storePrepared } from './prepared-rows.ts'
import { standingQuestions } from './standing-questions.ts'

/** `store` puts it in the place of what was prepared before. */
export type PreparedJourneys = { answers: number; store(tx: ClientTransaction): Promise<void> }

/**
 * Answers the standing questions of a client as they are asked on the day after `day`, from the facts and roll-ups
 * there are now.
 */
export async function prepareJourneys(
  db: ClientDatabase,
  { clientId, day, signal }: { clientId: string; day: Day; signal: AbortSignal },
): Promise<PreparedJourneys> {
  const { time_zone, currency, now } = await db
    .selectFrom('clients')
    .select(({ fn }) => ['time_zone', 'currency', fn<string>('clock_timestamp', []).as('now')])
    .where('id', '=', clientId)
    .executeTakeFirstOrThrow()
  const erasures = await erasureState(db, clientId)
  const prepared: PreparedRows[] = []
  for (const { ask } of standingQuestions({ clientId, timeZone: time_zone, currency, today: addDays(day, 1) })) {
    signal.throwIfAborted()
    const kept = createKeptRows(false)
    await ask(db, kept)
    for (const [key, { stamp, kept: rows }] of kept.memory.entries())
      prepared.push({ question: key.slice(clientId.length + 1), stamp, rows })
  }
  return {
    answers: prepared.length,
    store: (tx) => storePrepared(tx, { clientId, day }, { prepared, preparedAt: now, erasures }),
  }
}
