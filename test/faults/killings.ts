import { sql } from 'kysely'
import type { NodeProcess } from './node-process.ts'
import type { World } from './world.ts'

/** A process that was killed. */
export type Killing = { pid: number; atMs: number }

/** Kills a process as the kernel would, and waits until it is gone. */
export async function killHard(node: NodeProcess): Promise<Killing> {
  const atMs = node.signal('SIGKILL')
  await node.ended
  return { pid: node.pid, atMs }
}

type Attempt = {
  run_id: string
  attempt: number
  pid: number
  outcome: string
  started_ms: number
  finished_ms: number
}

/**
 * How long each run that a killed process held waited for its next claim, in milliseconds; null for those never claimed
 * again. An attempt was held when it had begun before the kill and was found lost after it: one whose end was on its
 * way to the database ended.
 */
export async function rescues({ db }: World, killings: readonly Killing[]): Promise<(number | null)[]> {
  const { rows } = await sql<Attempt>`
    select run_id, attempt, split_part(reverse(split_part(reverse(node), '-', 2)), '-', 1)::int as pid, outcome,
      extract(epoch from started_at)::float8 * 1000 as started_ms, extract(epoch from finished_at)::float8 * 1000 as finished_ms
    from run_attempts`.execute(db)
  const nextOf = new Map(rows.map((row) => [`${row.run_id} ${row.attempt}`, row]))
  return killings.flatMap(({ pid, atMs }) =>
    rows
      .filter((row) => row.pid === pid && row.outcome === 'lost' && row.started_ms <= atMs && row.finished_ms > atMs)
      .map((row) => {
        const next = nextOf.get(`${row.run_id} ${row.attempt + 1}`)
        return next === undefined ? null : next.started_ms - atMs
      }),
  )
}
