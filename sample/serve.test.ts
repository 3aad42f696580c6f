import { describe, expect, test } from 'vitest'
import { morgenrot } from './clients/morgenrot.ts'
import type { Contact } from './contacts.ts'
import type { Roster } from './roster.ts'
import type { SampleAgent } from './sample-client.ts'
import { serveDay } from './serve.ts'

const topic = firstOf(morgenrot.topics)
const person = (id: string, sectorId = topic.sectorId): SampleAgent => ({
  id,
  name: id,
  kind: 'person',
  sectorId,
  pace: 1,
  skill: 0,
  shifts: [],
})
const assistant: SampleAgent = { ...person('bot'), kind: 'assistant', pace: 0.5 }
const anna = person('anna')

/** Opens at 0 and closes at 3,600 seconds. */
function roster(present: SampleAgent[], planned = [anna]): Roster {
  const duties = (agents: SampleAgent[]) => agents.map((agent) => ({ agent, fromMs: 0, toMs: 3_600_000 }))
  return { planned: duties(planned), present: duties(present), assistant }
}

function firstOf<T>(list: readonly T[]): T {
  const [first] = list
  if (first === undefined) throw new RangeError('the list is empty')
  return first
}

function call(atS: number, changes: Partial<Contact> = {}): Contact {
  const usual = { customer: null, topic, channel: 'voice', toAssistant: false, patienceS: 100, round: 0 } as const
  return { ...usual, atMs: atS * 1000, talkS: 100, holdS: 0, wrapS: 20, luck: 0.1, passOn: 0, ...changes }
}

function outcomes(contacts: Contact[], there: Roster) {
  return serveDay(contacts, there).map(({ status, agent, waitS }) => [status, agent?.id ?? null, waitS])
}

describe('serveDay', () => {
  test('the next caller waits until the one person has wrapped up', () => {
    expect(outcomes([call(0), call(50)], roster([anna]))).toEqual([
      ['answered', 'anna', 2],
      // 2 ring + 100 talk + 20 wrap, and 2 ring again.
      ['answered', 'anna', 74],
    ])
  })

  test('who waits longer than they can bear gives up, and takes nobody’s time', () => {
    expect(outcomes([call(0), call(10, { patienceS: 60 }), call(130)], roster([anna]))).toEqual([
      ['answered', 'anna', 2],
      ['abandoned', null, 60],
      ['answered', 'anna', 2],
    ])
  })

  test('the sector’s own people come first, and others help when they are busy', () => {
    const there = roster([person('other', 'workshop'), anna])

    expect(outcomes([call(0), call(1)], there).map(([, agent]) => agent)).toEqual(['anna', 'other'])
  })

  test('everybody gives up in an outage; out of hours the line rings out, or the assistant answers', () => {
    expect(outcomes([call(0)], roster([]))).toEqual([['abandoned', null, 100]])
    expect(outcomes([call(4000, { passOn: 0.9 })], roster([anna]))).toEqual([['missed', null, 25]])
    expect(outcomes([call(4000, { channel: 'web' })], roster([anna]))).toEqual([['answered', 'bot', 1]])
  })

  test('luck within the topic’s share resolves a matter, and the assistant hands over what it cannot', () => {
    const resolved = (luck: number) =>
      serveDay([call(0, { luck })], roster([anna])).map((one) => [one.resolved, one.escalated])

    expect(resolved(topic.resolves - 0.01)).toEqual([[true, false]])
    expect(resolved(topic.resolves + 0.01)).toEqual([[false, false]])
    const [byAssistant] = serveDay([call(0, { toAssistant: true, luck: 0.99 })], roster([anna]))
    expect(byAssistant).toMatchObject({ resolved: false, escalated: true, talkS: 50, wrapS: 0 })
  })
})
