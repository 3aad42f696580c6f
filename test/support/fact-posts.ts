import type { Problem } from '../../src/board/http/problem.ts'
import { callApi } from './api.ts'
import { given } from './given.ts'
import { keyHeaders, openTestBoard } from './test-board.ts'

/** Facts that a program of a client sends to the board. */

const clock = () => Temporal.Instant.from('2026-04-01T12:00:00Z')

export const board = await openTestBoard({ change: { clock } })

export const db = board.database.system

await given.client(db, { id: 'acme' })

await given.client(db, { id: 'other', currency: 'CHF' })

export const headers = await keyHeaders(board, 'ingest', 'acme')

export type Reply = {
  received: number
  inserted: number
  updated: number
  unchanged: number
  rejected: number
  errors: { index: number; id: string | null; field: string; reason: string }[]
}

export async function send(path: string, body: unknown, more: Record<string, string> = {}) {
  return callApi<Reply>(board.url, { method: 'POST', path, body, headers: { ...headers, ...more } })
}

export async function refused(path: string, body: unknown): Promise<{ status: number; problem: Problem }> {
  const { status, body: problem } = await callApi<Problem>(board.url, { method: 'POST', path, body, headers })
  return { status, problem }
}

export const counted = (counts: Partial<Reply>) => ({
  received: 1,
  inserted: 0,
  updated: 0,
  unchanged: 0,
  rejected: 0,
  errors: [],
  ...counts,
})

/** How often facts of each day of a client changed. */
export async function dayVersions(clientId: string) {
  const rows = await db
    .selectFrom('rollup_days')
    .select(['day', 'facts_version'])
    .where('client_id', '=', clientId)
    .execute()
  return Object.fromEntries(rows.map(({ day, facts_version }) => [day, facts_version]))
}
