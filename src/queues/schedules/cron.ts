import { Cron } from 'croner'
import { InputError, messageOf } from '../../errors.ts'

/**
 * Fire times asked for at once; a scheduler that slept longer than this many slots plans the rest on its next passes.
 */
export const FIRES_MAX = 1000
/** Expressions kept parsed: each is 80 kB, and most schedules share a few. */
const PARSED_MAX = 50
/** Fire times kept of each. */
const KNOWN_MAX = 2000
/** Changes of a zone's clock between one fire time and the next that are looked at: ten years of them. */
const JUMPS_MAX = 20
const DAY_MS = 86_400_000

type ParsedCron = {
  cron: Cron
  expression: string
  timeZone: string
  /** Times of day without wildcard or step, such as 30 2,14: they happen once a day, whatever the clock does. */
  isFixed: boolean
  /** Fire times already worked out, by the instant before: thousands of schedules ask for the same night. */
  known: Map<number, Temporal.Instant | null>
}

const OPTIONS = { paused: true, mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard' } as const

const parsed = new Map<string, ParsedCron>()

/**
 * A cron expression (five fields, or six with seconds; L and # as croner reads them) in a zone.
 * Throws InputError `invalid-cron`, `invalid-zone`.
 */
function parseCron(expression: string, timeZone: string): ParsedCron {
  const name = `${timeZone} ${expression}`
  const known = parsed.get(name)
  if (known) return known
  const made = makeCron(expression, timeZone)
  if (parsed.size >= PARSED_MAX) parsed.clear()
  parsed.set(name, made)
  return made
}

function makeCron(expression: string, timeZone: string): ParsedCron {
  checkZone(timeZone)
  try {
    checkFields(expression)
    const cron = new Cron(expression, { ...OPTIONS, timezone: timeZone })
    return { cron, expression, timeZone, isFixed: isFixed(expression), known: new Map() }
  } catch (error) {
    throw new InputError(
      'invalid-cron',
      `"${expression}" is no cron expression: ${messageOf(error).replace(/^CronPattern: /, '')}`,
    )
  }
}

/** What croner says of a wrong number of fields is about years, too; and it takes what has a colon for a date. */
function checkFields(expression: string): void {
  const fields = expression.trim().split(/\s+/).length
  if (expression.trim().startsWith('@') || fields === 5 || fields === 6) return
  throw new Error(`it has five fields, or six with seconds, and not ${fields}`)
}

/** croner reads an empty name as the zone of the machine, and refuses others only when it is asked for a time. */
function checkZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone })
  } catch {
    throw new InputError('invalid-zone', `"${timeZone}" is no IANA time zone.`)
  }
}

function isFixed(expression: string): boolean {
  const fields = expression.trim().split(/\s+/)
  return fields.length > 1 && !/[*?/]/.test(fields.slice(0, -3).join(' '))
}

/** Refuses what can never be planned. Throws InputError `invalid-cron`, `invalid-zone`. */
export function checkCron(expression: string, timeZone: string, after: Temporal.Instant): void {
  if (nextFires(expression, timeZone, after, 1).length > 0) return
  throw new InputError('invalid-cron', `"${expression}" never comes: no month has such a day.`)
}

/**
 * The next `count` fire times after `after`. In a gap of the zone the fire moves to its end; in an overlap it fires
 * once.
 */
export function nextFires(
  expression: string,
  timeZone: string,
  after: Temporal.Instant,
  count: number,
): Temporal.Instant[] {
  const cron = parseCron(expression, timeZone)
  const fires: Temporal.Instant[] = []
  while (fires.length < count) {
    const next = fireAfter(cron, fires.at(-1) ?? after)
    if (next === null) break
    fires.push(next)
  }
  return fires
}

/**
 * The fire times of `(after, until]`, oldest first, at most FIRES_MAX, and the one that follows them; null: none ever.
 */
export function firePage(
  expression: string,
  timeZone: string,
  after: Temporal.Instant,
  until: Temporal.Instant,
): { fires: Temporal.Instant[]; next: Temporal.Instant | null } {
  const cron = parseCron(expression, timeZone)
  const fires: Temporal.Instant[] = []
  let next = fireAfter(cron, after)
  while (next !== null && Temporal.Instant.compare(next, until) <= 0 && fires.length < FIRES_MAX) {
    fires.push(next)
    next = fireAfter(cron, next)
  }
  return { fires, next }
}

/** Every fire time in `(after, until]`, oldest first, at most FIRES_MAX. */
export function firesBetween(
  expression: string,
  timeZone: string,
  after: Temporal.Instant,
  until: Temporal.Instant,
): Temporal.Instant[] {
  return firePage(expression, timeZone, after, until).fires
}

/** The last fire time not after `until`, however many came before it; null: none ever. */
export function lastFire(expression: string, timeZone: string, until: Temporal.Instant): Temporal.Instant | null {
  const cron = parseCron(expression, timeZone)
  // croner looks strictly before.
  const end = until.epochMilliseconds + 1
  const [date] = cron.cron.previousRuns(1, new Date(end))
  if (date === undefined) return null
  let last = instantOf(date)
  for (let lost = lostAtMidnight(cron, last, end); lost !== null; lost = lostAtMidnight(cron, last, end)) last = lost
  return last
}

function instantOf(date: Date): Temporal.Instant {
  return Temporal.Instant.fromEpochMilliseconds(date.getTime())
}

function fireAfter(cron: ParsedCron, after: Temporal.Instant): Temporal.Instant | null {
  const afterMs = after.epochMilliseconds
  const known = cron.known.get(afterMs)
  if (known !== undefined) return known
  const date = cron.cron.nextRun(new Date(afterMs))
  const next = lostAtMidnight(cron, after, date?.getTime() ?? null) ?? (date && instantOf(date))
  if (cron.known.size >= KNOWN_MAX) cron.known.clear()
  cron.known.set(afterMs, next)
  return next
}

/**
 * The first fire time between two that croner leaves out. Where the clock jumps over the end of a day (Nuuk in March,
 * from 23:00 to midnight) it moves no time of the lost hour, because its end is another day, and so loses the day. It
 * fires at the jump here, as any lost time does.
 */
function lostAtMidnight(cron: ParsedCron, after: Temporal.Instant, before: number | null): Temporal.Instant | null {
  if (!cron.isFixed) return null
  let jump = after.toZonedDateTimeISO(cron.timeZone).getTimeZoneTransition('next')
  for (let seen = 0; jump !== null && seen < JUMPS_MAX; seen += 1) {
    if (before !== null && jump.epochMilliseconds >= before) return null
    if (losesEvening(cron, jump)) return jump.toInstant()
    jump = jump.getTimeZoneTransition('next')
  }
  return null
}

/** Whether the jump swallows the end of a day with a fire time in it. */
function losesEvening({ expression }: ParsedCron, jump: Temporal.ZonedDateTime): boolean {
  const lostMs = (jump.offsetNanoseconds - jump.subtract({ nanoseconds: 1 }).offsetNanoseconds) / 1e6
  const wallEnd = jump.epochMilliseconds + jump.offsetNanoseconds / 1e6
  const midnight = Math.floor(wallEnd / DAY_MS) * DAY_MS
  if (wallEnd - lostMs >= midnight) return false
  const wall = new Cron(expression, { ...OPTIONS, timezone: 'UTC' })
  const fire = wall.nextRun(new Date(wallEnd - lostMs - 1))
  return fire !== null && fire.getTime() < midnight
}
