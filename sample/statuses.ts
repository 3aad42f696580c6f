import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../src/time.ts'
import type { Serial } from './calendar.ts'
import type { Random } from './random.ts'
import type { Duty, Roster } from './roster.ts'
import { idOf, isoOf, type SampleRows } from './rows.ts'
import type { SampleAgent } from './sample-client.ts'
import type { Served } from './serve.ts'
import { drawsOf, endOfDayMs, type SampleWorld } from './world.ts'

type StatusRow = SampleRows['agent_status_changes'][number]
type Status = 'available' | 'handling' | 'break' | 'training' | 'offline'
type Change = { atMs: number; agent: SampleAgent; status: Status }
type Stretch = Omit<Change, 'agent'>
type Span = { fromMs: number; toMs: number }

/** What a duty is cut into, more or less. */
const PART_MS = 90 * MINUTE_MS
/** Letters, repairs and walk-ins: the share of the time between contacts that they take. */
const CASE_WORK = { min: 0.52, max: 0.78 }
/** However busy it is, something is left to breathe. */
const HANDLING_MAX = 0.97
const BREAK_MS = 12 * MINUTE_MS
/** Who works for less than this has no break in it. */
const BREAK_DUTY_MS = 3.5 * HOUR_MS
/** A stretch of training every four weeks, if one works that day. */
const TRAINING_EVERY_DAYS = 28

export function hasTraining(agents: readonly SampleAgent[], agent: SampleAgent, serial: Serial): boolean {
  return (serial + 5 * agents.indexOf(agent)) % TRAINING_EVERY_DAYS === 0
}

/**
 * What agents did all day: of each part of a duty, what contacts took of it, with the case work between them, in one
 * stretch, and the rest of it, in which they waited. Stretches alternate from part to part, so that two of a kind meet
 * and become one.
 */
export function statusChangesOf(
  world: SampleWorld,
  serial: Serial,
  roster: Roster,
  served: readonly Served[],
): StatusRow[] {
  const random = drawsOf(world, serial, 'statuses')
  const busy = busyTimes(served)
  const trained = new Set<SampleAgent>()
  const lastMs = endOfDayMs(world, serial) - SECOND_MS
  const { client } = world.calendar
  const changes = roster.present.flatMap((duty) => {
    const isTrained = !trained.has(duty.agent) && hasTraining(client.agents, duty.agent, serial)
    if (isTrained) trained.add(duty.agent)
    return changesOf(random, duty, busy.get(duty.agent) ?? [], isTrained, lastMs)
  })
  const { day } = world.calendar.dayAt(serial)
  return changes
    .sort((one, other) => one.atMs - other.atMs)
    .map(({ atMs, agent, status }, index) => ({
      client_id: client.id,
      id: idOf(day, 't', index + 1),
      changed_at: isoOf(atMs),
      agent_id: agent.id,
      sector_id: agent.sectorId,
      status,
    }))
}

function busyTimes(served: readonly Served[]): Map<SampleAgent, Span[]> {
  const busy = new Map<SampleAgent, Span[]>()
  for (const { agent, contact, waitS, talkS, holdS, wrapS } of served) {
    if (agent?.kind !== 'person') continue
    const fromMs = contact.atMs + waitS * SECOND_MS
    const spans = busy.get(agent) ?? []
    spans.push({ fromMs, toMs: fromMs + (talkS + holdS + wrapS) * SECOND_MS })
    busy.set(agent, spans)
  }
  return busy
}

function changesOf(random: Random, duty: Duty, busy: readonly Span[], isTrained: boolean, lastMs: number): Change[] {
  const parts = partsOf(duty)
  const loads = parts.map((part) => loadOf(part, busy))
  // One trains when there is least to do.
  const training = isTrained ? loads.indexOf(Math.min(...loads)) : -1
  const pause = duty.toMs - duty.fromMs >= BREAK_DUTY_MS ? Math.floor(parts.length / 2) : -1
  const stretches = parts.flatMap((part, index): Stretch[] => {
    if (index === training) return [{ atMs: part.fromMs, status: 'training' }]
    const caseWork = random.between(CASE_WORK.min, CASE_WORK.max)
    const load = loads[index] ?? 0
    const share = Math.min(load + (1 - load) * caseWork, HANDLING_MAX)
    return stretchesOf(part, share, index % 2 === 0, index === pause ? BREAK_MS : 0)
  })
  const met = stretches.filter(({ status }, index) => status !== stretches[index - 1]?.status)
  const changes: Stretch[] = [...met, { atMs: Math.min(duty.toMs, lastMs), status: 'offline' }]
  return changes.map((change) => ({ ...change, agent: duty.agent }))
}

function partsOf({ fromMs, toMs }: Duty): Span[] {
  const count = Math.max(Math.round((toMs - fromMs) / PART_MS), 1)
  const edgeMs = (index: number) => fromMs + wholeSeconds(((toMs - fromMs) * index) / count)
  return Array.from({ length: count }, (_, index) => ({ fromMs: edgeMs(index), toMs: edgeMs(index + 1) }))
}

function loadOf(part: Span, busy: readonly Span[]): number {
  const takenMs = busy.reduce(
    (sum, span) => sum + Math.max(Math.min(span.toMs, part.toMs) - Math.max(span.fromMs, part.fromMs), 0),
    0,
  )
  return takenMs / (part.toMs - part.fromMs)
}

/** Waiting and handling, in the one order or the other, with a break between them or not. */
function stretchesOf({ fromMs, toMs }: Span, handlingShare: number, waitsFirst: boolean, breakMs: number): Stretch[] {
  const firstShare = waitsFirst ? 1 - handlingShare : handlingShare
  const pauseAtMs = fromMs + wholeSeconds((toMs - fromMs - breakMs) * firstShare)
  const [first, second]: [Status, Status] = waitsFirst ? ['available', 'handling'] : ['handling', 'available']
  const pause: Stretch[] = breakMs === 0 ? [] : [{ atMs: pauseAtMs, status: 'break' }]
  return [{ atMs: fromMs, status: first }, ...pause, { atMs: pauseAtMs + breakMs, status: second }]
}

function wholeSeconds(ms: number): number {
  return Math.round(ms / SECOND_MS) * SECOND_MS
}
