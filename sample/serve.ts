import { SECOND_MS } from '../src/time.ts'
import type { Contact } from './contacts.ts'
import type { Duty, Roster } from './roster.ts'
import type { SampleAgent } from './sample-client.ts'

/** How a contact went. */
export type Served = {
  contact: Contact
  status: 'answered' | 'abandoned' | 'missed'
  agent: SampleAgent | null
  waitS: number
  talkS: number
  holdS: number
  wrapS: number
  resolved: boolean
  escalated: boolean
}

/** Between a free person and their hello. */
const RING_S = { min: 2, max: 15 }
const MISSED_RING_S = 25
/** People take no call in the last minute before they leave. */
const LAST_CALL_MS = 60 * SECOND_MS
/** Out of hours the assistant takes what comes in writing, and this share of calls. */
const ASSISTANT_NIGHT_VOICE = 0.75
const ASSISTANT_RESOLVES = 0.91
const PASSED_ON_SHARE = 0.025
/** Somebody who looks after another sector resolves less of this one's matters. */
const STRANGER_PENALTY = 0.04

/**
 * A day at the desk: whoever comes first is served first, by whoever is free first, and the sector's own people before
 * others. So waits follow the load against the people there, and those who wait longer than they can bear give up.
 */
export function serveDay(contacts: readonly Contact[], roster: Roster): Served[] {
  const freeAt = new Map<SampleAgent, number>()
  return contacts.map((contact) => serveOne(contact, roster, freeAt))
}

function serveOne(contact: Contact, roster: Roster, freeAt: Map<SampleAgent, number>): Served {
  const isOpen = roster.planned.some((duty) => duty.fromMs <= contact.atMs && contact.atMs < duty.toMs)
  const takesCalls = contact.channel !== 'voice' || contact.passOn < ASSISTANT_NIGHT_VOICE
  if (contact.toAssistant || (!isOpen && takesCalls && contact.round === 0))
    return serveByAssistant(contact, roster.assistant)
  if (!isOpen) return unanswered(contact, 'missed', Math.min(contact.patienceS, MISSED_RING_S))
  const best = firstFree(contact, roster.present, freeAt)
  const ringS = RING_S.min + Math.floor(contact.passOn * (RING_S.max - RING_S.min + 1))
  const waitS = best === null ? Number.POSITIVE_INFINITY : Math.ceil((best.atMs - contact.atMs) / SECOND_MS) + ringS
  if (best === null || waitS > contact.patienceS) return unanswered(contact, 'abandoned', contact.patienceS)
  const served = answered(contact, best.agent, waitS)
  freeAt.set(best.agent, contact.atMs + (waitS + served.talkS + served.holdS + served.wrapS) * SECOND_MS)
  return served
}

function firstFree(
  contact: Contact,
  present: readonly Duty[],
  freeAt: ReadonlyMap<SampleAgent, number>,
): { agent: SampleAgent; atMs: number } | null {
  let best: { agent: SampleAgent; atMs: number; rank: number } | null = null
  for (const { agent, fromMs, toMs } of present) {
    const idleSince = freeAt.get(agent) ?? 0
    const atMs = Math.max(contact.atMs, idleSince, fromMs)
    if (atMs > toMs - LAST_CALL_MS) continue
    // Among those free at the same moment: the sector's own first, then who has been idle longest.
    const rank = agent.sectorId === contact.topic.sectorId ? idleSince - Number.MAX_SAFE_INTEGER : idleSince
    if (best === null || atMs < best.atMs || (atMs === best.atMs && rank < best.rank)) best = { agent, atMs, rank }
  }
  return best
}

function answered(contact: Contact, agent: SampleAgent, waitS: number): Served {
  const resolves =
    contact.topic.resolves + agent.skill - (agent.sectorId === contact.topic.sectorId ? 0 : STRANGER_PENALTY)
  const escalated = contact.passOn > 1 - PASSED_ON_SHARE
  return {
    contact,
    status: 'answered',
    agent,
    waitS,
    talkS: Math.max(Math.round(contact.talkS * agent.pace), 5),
    holdS: contact.holdS,
    wrapS: Math.round(contact.wrapS * agent.pace),
    resolved: !escalated && contact.luck < resolves,
    escalated,
  }
}

function serveByAssistant(contact: Contact, assistant: SampleAgent): Served {
  const resolved = contact.luck < contact.topic.resolves * ASSISTANT_RESOLVES
  return {
    contact,
    status: 'answered',
    agent: assistant,
    waitS: contact.passOn < 0.8 ? 1 : 2,
    talkS: Math.max(Math.round(contact.talkS * assistant.pace), 5),
    holdS: 0,
    wrapS: 0,
    resolved,
    // What it cannot do it hands to people, most of the time.
    escalated: !resolved && contact.passOn < 0.75,
  }
}

function unanswered(contact: Contact, status: 'abandoned' | 'missed', waitS: number): Served {
  return { contact, status, agent: null, waitS, talkS: 0, holdS: 0, wrapS: 0, resolved: false, escalated: false }
}
