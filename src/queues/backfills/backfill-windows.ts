import { sql } from 'kysely'
import type { AnyDatabase } from '../../db/database.ts'
import { InputError } from '../../errors.ts'
import { addDays, type Day, type DayWindow, dayBefore, dayOf, startOfDay } from '../../time.ts'
import type { AnyJob, RunRequest } from '../job.ts'
import { identityOf, parsePayload } from '../runs/plan-runs.ts'
import { firesBetween } from '../schedules/cron.ts'
import { zoneOf } from '../schedules/schedule-row.ts'

/** Which windows are to be filled. */
export type BackfillRange = {
  job: AnyJob
  clientId: string
  /** One schedule of the client by name, such as a report's; null: the one the job declares. */
  scheduleId: string | null
  /** Local days of the client, half-open. */
  from: Day
  to: Day
}

/** One run that a schedule asked for, or would have, and the local days it is about. */
export type BackfillWindow = { request: RunRequest; days: DayWindow }

/** Windows one backfill takes: 27 years of nights. */
const WINDOWS_MAX = 10_000

type Client = { timeZone: string; now: Temporal.Instant }
type Rule = { cron: string; zone: string; client_zone: string; payload: unknown }

/**
 * What the schedule asked for in the 24 hours after each of the days, oldest first, as planNight says it. What is due
 * later than now is left to the schedule. Throws InputError `no-such-client`, `no-such-schedule`, `not-scheduled`,
 * `schedule-needed`, `range`.
 */
export async function backfillWindows(db: AnyDatabase, range: BackfillRange): Promise<BackfillWindow[]> {
  const client = await clientOf(db, range.clientId)
  checkRange(range, client)
  const rule = await ruleOf(db, range, client)
  const windows = new Map<string, BackfillWindow>()
  for (const dueAt of firesOf(rule, range, client)) {
    const window = windowAt(range, rule, dueAt, client)
    windows.set(identityOf(window.request).key, window)
    if (windows.size > WINDOWS_MAX) {
      const words = `${range.from} to ${range.to} holds more than ${WINDOWS_MAX} windows of ${range.job.name}; fill a part at a time.`
      throw new InputError('range', words)
    }
  }
  return [...windows.values()]
}

async function clientOf(db: AnyDatabase, clientId: string): Promise<Client> {
  const row = await db
    .selectFrom('clients')
    .select(['time_zone', sql<string>`now()`.as('now')])
    .where('id', '=', clientId)
    .executeTakeFirst()
  if (row) return { timeZone: row.time_zone, now: Temporal.Instant.from(row.now) }
  throw new InputError('no-such-client', `There is no client "${clientId}".`)
}

function checkRange({ from, to, clientId }: BackfillRange, { timeZone, now }: Client): void {
  if (from >= to) throw new InputError('range', `The range must hold a day: ${to} does not lie after ${from}.`)
  const today = dayOf(now, timeZone)
  if (to <= today) return
  const words = `${addDays(to, -1)} is not over for ${clientId}; the last day that can be filled is ${addDays(today, -1)}.`
  throw new InputError('range', words)
}

async function ruleOf(db: AnyDatabase, range: BackfillRange, { timeZone }: Client): Promise<Rule> {
  const { job, clientId, scheduleId } = range
  const id = scheduleId ?? `${job.name}.${clientId}`
  const row = await db
    .selectFrom('schedules')
    .select(['cron', 'zone', 'payload'])
    .where('id', '=', id)
    .where('client_id', '=', clientId)
    .where('job', '=', job.name)
    .executeTakeFirst()
  if (row) return { ...row, client_zone: timeZone }
  if (scheduleId !== null) {
    throw new InputError('no-such-schedule', `${clientId} has no schedule "${scheduleId}" of ${job.name}.`)
  }
  return { ...declaredRule(job), client_zone: timeZone }
}

/** What the job declares, for a client whose schedules nobody has made yet. */
function declaredRule({ name, schedule }: AnyJob): Omit<Rule, 'client_zone'> {
  if (schedule === null || schedule.scope !== 'client') {
    throw new InputError('not-scheduled', `${name} is not scheduled for each client: it has no windows to fill.`)
  }
  const { cron, zone } = schedule
  if (cron !== null) return { cron, zone, payload: {} }
  throw new InputError('schedule-needed', `${name} runs by schedules of its own: name the one to fill.`)
}

function* firesOf(rule: Rule, { from, to }: BackfillRange, { timeZone, now }: Client): Generator<Temporal.Instant> {
  let after = startOfDay(addDays(from, 1), timeZone).subtract({ seconds: 1 })
  const end = startOfDay(addDays(to, 1), timeZone).subtract({ seconds: 1 })
  const until = Temporal.Instant.compare(end, now) < 0 ? end : now
  for (;;) {
    const fires = firesBetween(rule.cron, zoneOf(rule), after, until)
    yield* fires
    const last = fires.at(-1)
    if (last === undefined) return
    after = last
  }
}

function windowAt(
  { job, clientId }: BackfillRange,
  rule: Rule,
  dueAt: Temporal.Instant,
  client: Client,
): BackfillWindow {
  const { timeZone } = client
  const extra = rule.payload as Record<string, unknown>
  const asked = job.schedule?.payload(dueAt, { id: clientId, timeZone }, extra)
  const payload = parsePayload({ job, payload: asked })
  const day = dayBefore(dueAt, timeZone)
  return { request: { job, payload }, days: job.window(payload) ?? { from: day, to: addDays(day, 1) } }
}
