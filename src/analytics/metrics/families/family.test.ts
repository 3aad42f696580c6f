import { CompiledQuery } from 'kysely'
import { expect, test } from 'vitest'
import { componentsOf } from '../components.ts'
import { DIMENSIONS } from '../dimensions.ts'
import { statementStep } from './family.ts'

const DAY = {
  clientId: 'acme',
  day: '2026-03-01',
  from: '2026-03-01T00:00:00Z',
  to: '2026-03-02T00:00:00Z',
  timeZone: 'UTC',
  currency: 'EUR',
  serviceLevelS: 20,
  shortAbandonS: 5,
  cancelHours: 24,
}

/** What is sent to the database. */
async function sent(statement: string): Promise<CompiledQuery> {
  const queries: CompiledQuery[] = []
  const executeQuery = async (query: CompiledQuery) => {
    queries.push(query)
    return { rows: [] }
  }
  await statementStep(statement, 'under-test.sql')({ executeQuery } as never, DAY)
  return queries[0] ?? CompiledQuery.raw('')
}

test('a statement names its parameters, and each is sent once; comments are not sent', async () => {
  const { sql, parameters } = await sent('select :day, :client_id, :day -- of :currency')
  expect([sql.trim(), parameters]).toEqual(['select $1::date, $2::text, $1::date', ['2026-03-01', 'acme']])
})

test('a list in braces is every component of its family, or every dimension, in the form that stands there', async () => {
  const names = componentsOf('campaigns')
  const { sql } = await sent("insert {campaigns} select {campaigns: sum(#) as #} where x in ({dimensions: '#'})")
  const sums = names.map((name) => `sum(${name}) as ${name}`).join(', ')
  const dimensions = DIMENSIONS.map((name) => `'${name}'`).join(', ')
  expect(sql).toBe(`insert ${names.join(', ')} select ${sums} where x in (${dimensions})`)
})

test('a list or a parameter that there is not stops the start, and is named with its file', () => {
  expect(() => statementStep('select {sale}', 'x.sql')).toThrow('x.sql names {sale}, which is no family of metrics')
  expect(() => statementStep('select :dya', 'x.sql')).toThrow('x.sql names :dya, which no day has')
})
