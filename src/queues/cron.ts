import { Cron } from 'croner'
import { InputError, messageOf } from '../errors.ts'

/** Fire times asked for at once; a scheduler that slept longer than this many slots plans the rest on its next ticks. */
const FIRES_MAX = 1000

/** A cron expression (five fields, or six with seconds; L and # as croner reads them) in a zone. Throws InputError('invalid-cron'). */
export function parseCron(expression: string, timeZone: string): Cron {
  try {
    return new Cron(expression, { timezone: timeZone, paused: true })
  } catch (error) {
    throw new InputError('invalid-cron', `"${expression}" is no cron expression: ${messageOf(error)}`)
  }
}

/** The next `count` fire times after `after`. In a gap of the zone the fire moves to its end; in an overlap it fires once. */
export function nextFires(
  expression: string,
  timeZone: string,
  after: Temporal.Instant,
  count: number,
): Temporal.Instant[] {
  const dates = parseCron(expression, timeZone).nextRuns(count, new Date(after.epochMilliseconds))
  return dates.map((date) => Temporal.Instant.fromEpochMilliseconds(date.getTime()))
}

/** Every fire time in `(after, until]`, oldest first, at most FIRES_MAX. */
export function firesBetween(
  expression: string,
  timeZone: string,
  after: Temporal.Instant,
  until: Temporal.Instant,
): Temporal.Instant[] {
  const cron = parseCron(expression, timeZone)
  const fires: Temporal.Instant[] = []
  let date = cron.nextRun(new Date(after.epochMilliseconds))
  while (date !== null && date.getTime() <= until.epochMilliseconds && fires.length < FIRES_MAX) {
    fires.push(Temporal.Instant.fromEpochMilliseconds(date.getTime()))
    date = cron.nextRun(date)
  }
  return fires
}
