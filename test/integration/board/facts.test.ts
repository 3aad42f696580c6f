import { describe, expect, test } from 'vitest'
import type { Problem } from '../../../src/board/problem.ts'
import { findKind, kinds } from '../../../src/ingest/index.ts'
import { callApi } from '../../support/api.ts'
import { given, table } from '../../support/given.ts'
import { keyHeaders, openTestBoard } from '../../support/test-board.ts'
import { wholeFacts } from '../../support/whole-facts.ts'

const clock = () => Temporal.Instant.from('2026-04-01T12:00:00Z')
const board = await openTestBoard({ change: { clock } })
const db = board.database.system
await given.client(db, { id: 'acme' })
await given.client(db, { id: 'other', currency: 'CHF' })
const headers = await keyHeaders(board, 'ingest', 'acme')

type Reply = {
  received: number
  inserted: number
  updated: number
  unchanged: number
  rejected: number
  errors: { index: number; id: string | null; field: string; reason: string }[]
}

async function send(path: string, body: unknown, more: Record<string, string> = {}) {
  return callApi<Reply>(board.url, { method: 'POST', path, body, headers: { ...headers, ...more } })
}

async function refused(path: string, body: unknown): Promise<{ status: number; problem: Problem }> {
  const { status, body: problem } = await callApi<Problem>(board.url, { method: 'POST', path, body, headers })
  return { status, problem }
}

const counted = (counts: Partial<Reply>) => ({
  received: 1,
  inserted: 0,
  updated: 0,
  unchanged: 0,
  rejected: 0,
  errors: [],
  ...counts,
})

/** How often facts of each day of a client changed. */
async function dayVersions(clientId: string) {
  const rows = await db
    .selectFrom('rollup_days')
    .select(['day', 'facts_version'])
    .where('client_id', '=', clientId)
    .execute()
  return Object.fromEntries(rows.map(({ day, facts_version }) => [day, facts_version]))
}

const call = (id: string, more: object = {}) => ({
  id,
  started_at: '2026-03-15T09:00:00Z',
  status: 'answered',
  wait_s: 5,
  talk_s: 60,
  ...more,
})

test('every kind goes in as it was sent and is there as it was sent; the same again changes nothing', async () => {
  for (const kind of kinds) {
    const fact = wholeFacts[kind.name]
    expect(Object.keys(fact ?? {})).toEqual(Object.keys(kind.columns))
    const first = await send(`/api/facts/${kind.name}`, fact)
    expect([kind.name, first.status, first.body]).toEqual([kind.name, 202, counted({ inserted: 1 })])
    const [row] = (await table(db, kind.table as 'leads')).filter(({ client_id }) => client_id === 'acme')
    expect(withoutFraction({ ...row, ...generatedOf(kind.table) })).toEqual(
      withoutFraction({ client_id: 'acme', ...fact, ...generatedOf(kind.table) }),
    )
  }
  const before = await dayVersions('acme')
  for (const kind of kinds) {
    const again = await send(`/api/facts/${kind.table}`, [wholeFacts[kind.name]])
    expect([kind.name, again.body]).toEqual([kind.name, counted({ unchanged: 1 })])
  }
  expect(await dayVersions('acme')).toEqual(before)
})

/** Columns of a table that no fact says. */
function generatedOf(tableName: string): object {
  if (tableName === 'subscriptions') return { mrr_minor: 1000 }
  return tableName === 'customers' ? { erased_at: null } : {}
}

/** `…:00.25Z` and `…:00.250Z` are one. */
function withoutFraction(row: object): object {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'string' && /^\d{4}-.*T.*Z$/.test(value) ? Temporal.Instant.from(value).toString() : value,
    ]),
  )
}
