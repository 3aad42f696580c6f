import { firePage, lastFire } from '../../src/queues/schedules/cron.ts'
import { addDays, type Day, dayOf, startOfDay } from '../../src/time.ts'

/** What a schedule must do on every local day of every zone, said without the library that does it. */

/** The years that are looked at. */
const FIRST: Day = '2026-01-01'
const AFTER_LAST: Day = '2029-01-01'

export const DAILY = ['0 0 * * *', '30 1 * * *', '0 2 * * *', '30 2 * * *', '0 3 * * *']
/** Beside the midnights and small hours that everybody knows: Nuuk loses the last hour of a day in March. */
export const EVENING = '30 23 * * *'

/** Some local days of a zone, `[from, to)`. */
export type ZoneDays = { zone: string; from: Day; to: Day }

/** Every zone from 2026 to 2028; of those whose clocks never differ in these years only one, unless `each`. */
export function everyDay(options: { each: boolean }): ZoneDays[] {
  const zones = Intl.supportedValuesOf('timeZone')
  const chosen = options.each ? zones : [...Map.groupBy(zones, clockOf).values()].map(([first]) => first ?? '')
  return chosen.map((zone) => ({ zone, from: FIRST, to: AFTER_LAST }))
}

/** The days around one of every kind of change there is, and some days of every zone whose clock never changes. */
export function daysOfChange(): ZoneDays[] {
  const days = everyDay({ each: false }).flatMap(({ zone }) => changesOf(zone))
  return [...new Map(days.map(({ kind, ...each }) => [kind, each])).values()]
}

/** Everything that distinguishes a zone's clock from others in these years. */
function clockOf(zone: string): string {
  const changes = transitions(zone).map((change) => `${String(change.toInstant())} ${change.offset}`)
  return [startOfDay(FIRST, zone).toString(), ...changes].join(' ')
}

function transitions(zone: string): Temporal.ZonedDateTime[] {
  const found: Temporal.ZonedDateTime[] = []
  const end = startOfDay(AFTER_LAST, zone)
  let next = startOfDay(FIRST, zone).toZonedDateTimeISO(zone).getTimeZoneTransition('next')
  while (next !== null && Temporal.Instant.compare(next.toInstant(), end) < 0) {
    found.push(next)
    next = next.getTimeZoneTransition('next')
  }
  return found
}

function changesOf(zone: string): (ZoneDays & { kind: string })[] {
  const changes = transitions(zone)
  if (changes.length === 0) return [{ kind: zone, zone, from: FIRST, to: addDays(FIRST, 1) }]
  return changes.map((change) => {
    const before = change.subtract({ nanoseconds: 1 })
    const day = before.toPlainDate().toString()
    const times = [before, change].map((each) => each.toPlainTime().round('minute').toString())
    return { kind: [...times, change.offset].join(' '), zone, from: addDays(day, -1), to: addDays(day, 2) }
  })
}

/**
 * The days on which a daily schedule does anything but fire once, at its time; where a clock skips that time, at the
 * skip.
 */
export function wrongDailyFires(expression: string, { zone, from, to }: ZoneDays): string[] {
  const [minute = 0, hour = 0] = expression.split(' ').map(Number)
  const found = allFires(expression, zone, from, to).map(String)
  const wanted: string[] = []
  for (let day = from; day < to; day = addDays(day, 1)) {
    const local = Temporal.PlainDate.from(day).toPlainDateTime({ hour, minute })
    const at = local.toZonedDateTime(zone, { disambiguation: 'earlier' })
    const fire = at.toPlainDateTime().equals(local) ? at : at.getTimeZoneTransition('next')
    wanted.push(String(fire?.toInstant()))
  }
  return difference(`${expression} in ${zone}`, found, wanted)
}

/** The days whose half hours do not add up: a day of 23 hours has 46 of them, one of 24.5 has 49. */
export function wrongHalfHours({ zone, from, to }: ZoneDays): string[] {
  const fires = allFires('*/30 * * * *', zone, from, to)
  const byDay = Map.groupBy(fires, (fire) => dayOf(fire, zone))
  const wrong: string[] = []
  for (let day = from; day < to; day = addDays(day, 1)) {
    const locals = (byDay.get(day) ?? []).map((fire) => fire.toZonedDateTimeISO(zone))
    const hours = startOfDay(day, zone).toZonedDateTimeISO(zone).hoursInDay
    const off = locals.filter((local) => local.minute % 30 !== 0 || local.second !== 0)
    if (locals.length !== hours * 2 || off.length > 0)
      wrong.push(`${zone} ${day}: ${hours} hours, ${locals.length} fires, ${off.length} of them at another minute`)
  }
  return wrong
}

/** The hours until which the last fire is not the one that came last. */
export function wrongLastFires(expression: string, { zone, from, to }: ZoneDays): string[] {
  const fires = allFires(expression, zone, from, to)
  const first = fires[0]
  const wrong: string[] = []
  if (first === undefined) return [`${expression} in ${zone}: no fire at all`]
  const end = startOfDay(to, zone)
  for (let until = first; Temporal.Instant.compare(until, end) < 0; until = until.add({ hours: 1 })) {
    const wanted = fires.findLast((fire) => Temporal.Instant.compare(fire, until) <= 0)
    const found = lastFire(expression, zone, until)
    if (String(found) !== String(wanted))
      wrong.push(`${expression} in ${zone} until ${String(until)}: ${String(found)}, not ${String(wanted)}`)
  }
  return wrong
}

function allFires(expression: string, zone: string, from: Day, to: Day): Temporal.Instant[] {
  const until = startOfDay(to, zone).subtract({ milliseconds: 1 })
  const all: Temporal.Instant[] = []
  let after = startOfDay(from, zone).subtract({ milliseconds: 1 })
  for (;;) {
    const { fires } = firePage(expression, zone, after, until)
    all.push(...fires)
    const last = fires.at(-1)
    if (last === undefined) return all
    after = last
  }
}

function difference(what: string, found: string[], wanted: string[]): string[] {
  const missing = wanted.filter((each, index) => found[index] !== each && !found.includes(each))
  const extra = found.filter((each, index) => wanted[index] !== each && !wanted.includes(each))
  if (missing.length + extra.length === 0 && found.length === wanted.length) return []
  return [
    `${what}: ${found.length} fires for ${wanted.length} days, without ${missing.join(' ')}, with ${extra.join(' ')}`,
  ]
}
