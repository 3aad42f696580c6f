import fc from 'fast-check'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { compileJsonFact, type FieldFault } from '../../src/ingest/json/json-fact.ts'
import { findKind } from '../../src/ingest/kinds/index.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const clock = () => Temporal.Instant.from('2026-06-01T12:00:00Z')
const start = Temporal.Instant.from('2026-03-01T09:00:00Z')

const FACTS = 2000

/** Some time after the beginning, or a little before it; most often near the edges that rules have. */
const moment = fc
  .oneof(fc.integer({ min: -2, max: 12 }), fc.constantFrom(0.5, 9.999, 366 * 86_400, 366 * 86_400 + 0.001))
  .map((seconds) => start.add({ milliseconds: Math.round(seconds * 1000) }).toString())
const maybe = fc.option(moment, { nil: null })
const span = fc.integer({ min: 0, max: 8 })
const from = fc.constant(start.toString())

const KINDS = [
  {
    kind: 'interactions',
    same: { status: 'answered', wait_s: 0 },
    changing: { started_at: from, answered_at: maybe, ended_at: maybe, talk_s: span, hold_s: span },
    fault: 'interaction_fault(started_at, answered_at, ended_at, talk_s, hold_s)',
  },
  {
    kind: 'bookings',
    same: {},
    changing: { starts_at: from, ends_at: moment },
    fault: 'booking_fault(starts_at, ends_at)',
  },
  {
    kind: 'provider-availability',
    same: { provider_id: 'p' },
    changing: { starts_at: from, ends_at: moment },
    fault: 'booking_fault(starts_at, ends_at)',
  },
  {
    kind: 'quality-issues',
    same: { category: 'tone', severity: 'minor', status: 'resolved' },
    changing: { noted_at: from, resolved_at: maybe },
    fault: 'issue_fault(noted_at, resolved_at)',
  },
  {
    kind: 'deals',
    same: { state: 'won', amount_minor: 1 },
    changing: { opened_at: from, closed_at: moment },
    fault: 'deal_fault(opened_at, closed_at)',
  },
  {
    kind: 'service-requests',
    same: { service: 'advice', state: 'completed' },
    changing: { requested_at: from, accepted_at: maybe, completed_at: moment },
    fault: 'request_fault(requested_at, accepted_at, completed_at)',
  },
  {
    kind: 'campaign-spend',
    same: { spent_at: start.toString(), campaign_id: 'c' },
    changing: { contacted: span, responded: span },
    fault: 'spend_fault(contacted, responded)',
  },
]

test.each(KINDS)('$kind that are taken count, and those that contradict themselves are not taken', async (made) => {
  const kind = findKind(made.kind)
  const read = compileJsonFact(kind, { timeZone: 'UTC', currency: 'EUR', clock }).openReader()
  const drawn = fc.sample(fc.record(made.changing as Record<string, fc.Arbitrary<unknown>>), FACTS)
  const facts = drawn
    .map((fact) => ({ id: 'x', ...made.same, ...fact }))
    // What lies ahead of now is another fault, of which the roll-up knows nothing.
    .filter((fact) => kind.table === 'bookings' || kind.table === 'provider_availability' || !liesAhead(fact))
  const refused = facts.map((fact) => {
    const faults: FieldFault[] = []
    read(fact, faults)
    return faults.length > 0
  })
  const { rows } = await sql<{ refused: boolean }>`
    select ${sql.raw(made.fault)} is not null as refused
    from jsonb_array_elements(${JSON.stringify(facts)}::jsonb) with ordinality as e (fact, place),
      jsonb_populate_record(null::${sql.table(kind.table)}, e.fact)
    order by place`.execute(database.system)
  const contradicting = rows.map((row) => row.refused)
  expect(facts.filter((_, at) => refused[at] !== contradicting[at])).toEqual([])
  expect(new Set(contradicting).size).toBe(2)
})

function liesAhead(fact: Record<string, unknown>): boolean {
  return Object.values(fact).some((value) => typeof value === 'string' && value > '2026-06-01T12' && value < '9')
}
