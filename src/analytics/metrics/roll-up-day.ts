import { type RawBuilder, sql } from 'kysely'
import type { ClientTransaction } from '../../db/database.ts'
import { PermanentError, RetryLaterError } from '../../errors.ts'
import { sqlFile } from '../../sql.ts'
import { addDays, type Day, instantsOf, SECOND_MS } from '../../time.ts'
import { addUpHours } from './add-up-hours.ts'
import { type DayOfClient, dayStep } from './families/family.ts'
import { FAMILIES } from './families/index.ts'
import { readKeptEvents, restoreAgentTime, restoreEvents } from './kept-events.ts'
import { addUpDays, closeDay } from './trends.ts'

/** How long a roll-up waits for somebody who is writing facts of its day before it gives way. */
const LOCK_TIMEOUT_MS = 20 * SECOND_MS
const LOCKED_RETRY_MS = 30 * SECOND_MS
/** PostgreSQL's lock_not_available. */
const LOCK_NOT_AVAILABLE = '55P03'

const deleteDay = dayStep(import.meta.dirname, 'delete-day.sql')
const rollUpPayments = sqlFile(import.meta.dirname, 'roll-up-payments.sql', { prepared: true })
const rollUpRevenue = sqlFile(import.meta.dirname, 'roll-up-revenue.sql', { prepared: true })
const rollUpCustomers = sqlFile(import.meta.dirname, 'roll-up-customers.sql', { prepared: true })
const recountRepeats = dayStep<{ day: Day }>(import.meta.dirname, 'recount-repeats.sql')

/** What a roll-up has seen: the version of the day's facts and the instant they were read. */
export type RolledDay = { factsVersion: number; rolledAt: string }

/**
 * Recomputes one local day of one client from its facts and replaces what was there: agent_metrics, daily_metrics,
 * metric_histograms, revenue_metrics, customer_metrics, quarantined_facts, the trends of the day, its week and its
 * month, and first contact resolution of the 7 days before, which this day's contacts may repeat. Call it inside a
 * read-committed transaction; twice is the same as once.
 *
 * Why nothing is lost to facts that are written meanwhile: whoever writes a fact also raises the day's facts_version
 * before it can commit, and the row that holds it is locked here first. So every fact counted in the version that the
 * lock returns has committed, and is seen by the statements after it, each of which reads with a snapshot of its own;
 * and no other fact of the day can commit before we do: its writer waits, then raises the version over the one stored
 * here, and the day is dirty again. (Under repeatable read the snapshot would be older than the lock, and facts in
 * between would be counted in the version but not in the sums.)
 *
 * Raw events are dropped after `eventDays` (null: never): what an older day says of them stays.
 *
 * Roll-ups of one client take turns, because they also write to the 7 days before their own.
 *
 * @throws RetryLaterError when somebody keeps facts of the day locked, such as a long import.
 */
export async function rollUpDay(
  tx: ClientTransaction,
  { clientId, day, eventDays = null }: { clientId: string; day: Day; eventDays?: number | null },
): Promise<RolledDay> {
  const { client, factsVersion, rolledAt } = await lockDay(tx, clientId, day)
  const { from, to } = instantsOf({ from: day, to: addDays(day, 1) }, client.time_zone)
  const ofClient: DayOfClient = {
    clientId,
    day,
    from: from.toString(),
    to: to.toString(),
    timeZone: client.time_zone,
    currency: client.currency,
    serviceLevelS: client.service_level_s,
    shortAbandonS: client.short_abandon_s,
    cancelHours: client.cancel_hours,
  }
  const bounds = [clientId, day, ofClient.from, ofClient.to]
  const kept = eventDays === null ? null : await readKeptEvents(tx, { clientId, day, eventDays })
  await deleteDay(tx, ofClient)
  for (const { hours } of FAMILIES) for (const step of hours) await step(tx, ofClient)
  await rollUpPayments(tx, [...bounds, client.time_zone, client.currency])
  await rollUpRevenue(tx, bounds)
  await rollUpCustomers(tx, [...bounds, client.currency])
  if (kept !== null) await restoreAgentTime(tx, kept)
  await addUpHours(tx, ofClient)
  for (const { days } of FAMILIES) for (const step of days) await step(tx, ofClient)
  if (kept !== null) await restoreEvents(tx, kept)
  const changed = await recountRepeats(tx, ofClient)
  await closeDay(tx, ofClient)
  const days = [day, ...changed.map((row) => row.day)]
  await addUpDays(tx, { clientId, days, day, rolledAt, timeZone: client.time_zone })
  // A day that is not over cannot be clean: facts that are still to happen do not raise its version today.
  const isOver = Temporal.Instant.compare(Temporal.Instant.from(rolledAt), to) >= 0
  await tx
    .updateTable('rollup_days')
    .set({ rolled_version: isOver ? factsVersion : factsVersion - 1, rolled_at: rolledAt })
    .where('client_id', '=', clientId)
    .where('day', '=', day)
    .execute()
  return { factsVersion, rolledAt }
}

/**
 * A night is thousands of days: each connection plans the statements once, for all of them. Plans for one day only
 * would be a little better and are what takes most of the time of a small day. And all of them read by an index, as
 * their headers say: a plan made while a table was empty would read all of it ever after.
 */
const setUp = sql`select
  set_config('lock_timeout', ${String(LOCK_TIMEOUT_MS)}, true),
  set_config('plan_cache_mode', 'force_generic_plan', true),
  set_config('enable_seqscan', 'off', true)`

/**
 * Locks the client's settings, the day's row, made if need be, then the client's turn; what is read afterwards is the
 * version returned, or newer.
 */
async function lockDay(tx: ClientTransaction, clientId: string, day: Day): Promise<RolledDay & { client: Client }> {
  try {
    await execute(tx, setUp)
    const client = await readClient(tx, clientId)
    const rolledDay = await tx
      .insertInto('rollup_days')
      .values({ client_id: clientId, day, facts_version: 0 })
      .onConflict((row) => row.columns(['client_id', 'day']).doUpdateSet((eb) => ({ day: eb.ref('excluded.day') })))
      .returning(['facts_version as factsVersion', sql<string>`clock_timestamp()`.as('rolledAt')])
      .executeTakeFirstOrThrow()
    await execute(tx, sql`select pg_advisory_xact_lock(hashtextextended('roll-up-day:' || ${clientId}::text, 0))`)
    return { client, ...rolledDay }
  } catch (error) {
    if ((error as { code?: string }).code !== LOCK_NOT_AVAILABLE) throw error
    const message = `facts of ${day} of ${clientId} are being written by somebody else for more than ${LOCK_TIMEOUT_MS / SECOND_MS} s`
    throw new RetryLaterError(LOCKED_RETRY_MS, message, { cause: error })
  }
}

type Client = Awaited<ReturnType<typeof readClient>>

async function readClient(tx: ClientTransaction, clientId: string) {
  const client = await tx
    .selectFrom('clients')
    .select(['time_zone', 'currency', 'service_level_s', 'short_abandon_s', 'cancel_hours'])
    .where('id', '=', clientId)
    // Who changes a setting waits for us, and then makes the day dirty; who deletes the client waits, and finds what we
    // wrote.
    .forShare()
    .executeTakeFirst()
  if (client === undefined) throw new PermanentError('unknown-client', `there is no client ${clientId} to roll up`)
  return client
}

async function execute(tx: ClientTransaction, statement: RawBuilder<unknown>): Promise<void> {
  await statement.execute(tx)
}
