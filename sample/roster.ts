import type { Calendar, CalendarDay } from './calendar.ts'
import { randomOf } from './random.ts'
import type { SampleAgent } from './sample-client.ts'

export type Duty = { agent: SampleAgent; fromMs: number; toMs: number }

/**
 * Who is there on a day: planned is what the shifts say (and so when the business is open), present is who really is.
 */
export type Roster = { planned: readonly Duty[]; present: readonly Duty[]; assistant: SampleAgent }

const SICK_SHARE = 0.03
/** With fewer people planned somebody steps in for who is sick. */
const ENOUGH_PEOPLE = 5

export function rosterOf(seed: string, calendar: Calendar, day: CalendarDay): Roster {
  const { client } = calendar
  const assistant = client.agents.find(({ kind }) => kind === 'assistant')
  if (assistant === undefined) throw new Error(`${client.id} has no assistant`)
  const works = !day.isHoliday || client.onHoliday.staffed
  const planned = works ? client.agents.flatMap((agent) => dutiesOf(calendar, day, agent)) : []
  const random = randomOf(seed, client.id, day.day, 'roster')
  const sick = new Set(client.agents.filter(() => random.chance(SICK_SHARE)))
  const hasSubstitutes = new Set(planned.map(({ agent }) => agent)).size < ENOUGH_PEOPLE
  const healthy = hasSubstitutes ? planned : planned.filter(({ agent }) => !sick.has(agent))
  return { planned, present: withoutOutage(calendar, day, withoutShortAfternoon(calendar, day, healthy)), assistant }
}

function dutiesOf(calendar: Calendar, day: CalendarDay, agent: SampleAgent): Duty[] {
  return agent.shifts
    .filter(({ days }) => days.includes(String(day.weekday)))
    .map(({ from, to }) => ({ agent, fromMs: calendar.instantMs(day, from), toMs: calendar.instantMs(day, to) }))
}

function withoutShortAfternoon(calendar: Calendar, day: CalendarDay, duties: readonly Duty[]): readonly Duty[] {
  const { weekday, from, to, present } = calendar.client.shortAfternoon
  if (day.weekday !== weekday) return duties
  const [fromMs, toMs] = [calendar.instantMs(day, from), calendar.instantMs(day, to)]
  const affected = [
    ...new Set(duties.filter((duty) => duty.fromMs < toMs && duty.toMs > fromMs).map(({ agent }) => agent)),
  ]
  const away = new Set(affected.slice(present))
  return duties.flatMap((duty) => (away.has(duty.agent) ? cut(duty, fromMs, toMs) : [duty]))
}

function withoutOutage(calendar: Calendar, day: CalendarDay, duties: readonly Duty[]): readonly Duty[] {
  if (!day.isOutage) return duties
  const { from, to } = calendar.client.outage
  const [fromMs, toMs] = [calendar.instantMs(day, from), calendar.instantMs(day, to)]
  return duties.flatMap((duty) => cut(duty, fromMs, toMs))
}

/** What is left of a duty outside `[fromMs, toMs)`. */
function cut(duty: Duty, fromMs: number, toMs: number): Duty[] {
  const before = { ...duty, toMs: Math.min(duty.toMs, fromMs) }
  const after = { ...duty, fromMs: Math.max(duty.fromMs, toMs) }
  return [before, after].filter((part) => part.fromMs < part.toMs)
}
