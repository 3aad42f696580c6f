import { readFile } from 'node:fs/promises'
import { sql } from 'kysely'
import { afterAll, expect, test } from 'vitest'
import { createKey } from '../../src/people/people.ts'
import { given } from '../support/given.ts'
import { makeDataFolder, type StartedDaybreak, startDaybreak } from '../support/program.ts'
import { createTestDatabase } from '../support/test-database.ts'

const ROWS = 60_000
const COMMAND_LINE = { kind: 'command-line', id: 'test', name: 'test', ip: null } as const

const { database, url: databaseUrl } = await createTestDatabase()
const db = database.system
const data = await makeDataFolder()
let program: StartedDaybreak | null = null

afterAll(async () => {
  await program?.stop()
  await data.remove()
})

const settings = { DATABASE_URL: databaseUrl, DATA_DIR: data.path }

/** Contacts of ten days, each with an id of its own. */
function file(): string {
  const lines = Array.from({ length: ROWS }, (_, row) => {
    const at = Temporal.Instant.from('2026-03-01T00:00:00Z').add({ seconds: row * 14 })
    return `call-${row},${at},answered,${row % 60}`
  })
  return `id,started_at,status,wait_s\n${lines.join('\n')}\n`
}

async function countCalls(): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from interactions`.execute(db)
  return rows[0]?.n ?? 0
}

test('an import whose process is killed is begun again by itself, and no fact is there twice', async () => {
  await given.client(db)
  const { key } = await createKey(db, { name: 'test', role: 'ingest', clientId: 'acme', expiresAt: null }, COMMAND_LINE)
  const headers = { Authorization: `Bearer ${key}` }
  program = await startDaybreak(settings)
  const sent = await fetch(`${program.url}/api/imports?kind=calls&fileName=calls.csv`, {
    method: 'POST',
    body: file(),
    headers,
  })
  const { id } = (await sent.json()) as { id: string }
  await expect.poll(countCalls).toBeGreaterThanOrEqual(10_000)
  const pids = await processesBelow(program.pid)
  for (const pid of [...pids, program.pid]) process.kill(pid, 'SIGKILL')
  const kept = await countCalls()
  expect(kept).toBeLessThan(ROWS)

  program = await startDaybreak(settings)
  const find = async () => {
    const answer = await fetch(`${program?.url}/api/imports/${id}`, { headers })
    return (await answer.json()) as { state: string; counts: { read: number; facts: { unchanged: number }[] } | null }
  }
  await expect.poll(async () => (await find()).state).toBe('done')
  expect(await find()).toMatchObject({ counts: { read: ROWS, rejected: 0 }, notes: [expect.stringContaining('try')] })
  const { rows } = await sql<{ n: number; ids: number }>`
    select count(*)::int as n, count(distinct id)::int as ids from interactions`.execute(db)
  expect(rows).toEqual([{ n: ROWS, ids: ROWS }])
})

/** The processes a process has started. */
async function processesBelow(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.trim().split(' ').filter(Boolean).map(Number)
}
