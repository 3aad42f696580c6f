import { readFile } from 'node:fs/promises'
import { sql } from 'kysely'
import { afterAll, expect, test } from 'vitest'
import { createKey } from '../../src/people/people.ts'
import { given } from '../support/given.ts'
import { PATIENCE } from '../support/patience.ts'
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

/** Sessions that have written an import and wait to plan its run. */
async function betweenRecordAndPlan(): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from pg_locks written join pg_locks waits using (pid)
    where written.relation = 'imports'::regclass and written.mode = 'RowExclusiveLock' and written.granted
      and waits.relation = 'runs'::regclass and not waits.granted`.execute(db)
  return rows[0]?.n ?? 0
}

async function importsAndRuns() {
  const imports = await db.selectFrom('imports').select(['id', 'run_id']).where('client_id', '=', 'blue').execute()
  const runs = await db.selectFrom('runs').select('id').where('client_id', '=', 'blue').execute()
  return { imports, runs }
}

test('a process that is killed between the record of an import and its plan leaves neither', async () => {
  await given.client(db, { id: 'blue' })
  const { key } = await createKey(db, { name: 'blue', role: 'ingest', clientId: 'blue', expiresAt: null }, COMMAND_LINE)
  const send = async (url: string) => {
    const headers = { Authorization: `Bearer ${key}` }
    const body = 'id,started_at,status,wait_s\ncall-1,2026-03-01T00:00:00Z,answered,7\n'
    return fetch(`${url}/api/imports?kind=calls&fileName=calls.csv`, { method: 'POST', body, headers })
  }
  program ??= await startDaybreak(settings)
  const { url, pid } = program
  await db.transaction().execute(async (tx) => {
    await sql`lock table runs in share mode`.execute(tx)
    const lost = send(url).then(
      () => 'answered',
      () => 'lost',
    )
    await expect.poll(betweenRecordAndPlan, PATIENCE).toBe(1)
    for (const each of [...(await processesBelow(pid)), pid]) process.kill(each, 'SIGKILL')
    expect(await lost).toBe('lost')
  })
  await expect.poll(betweenRecordAndPlan, PATIENCE).toBe(0)
  expect(await importsAndRuns()).toEqual({ imports: [], runs: [] })

  program = await startDaybreak(settings)
  expect((await send(program.url)).status).toBe(202)
  const { imports, runs } = await importsAndRuns()
  expect(imports).toEqual([{ id: expect.any(String), run_id: runs[0]?.id }])
}, 240_000)

/** The processes a process has started. */
async function processesBelow(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.trim().split(' ').filter(Boolean).map(Number)
}
