import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { createKey } from '../../src/people/people.ts'
import { ACME, given } from '../support/given.ts'
import { PATIENCE } from '../support/patience.ts'
import { makeDataFolder, startDaybreak } from '../support/program.ts'
import { createTestDatabase } from '../support/test-database.ts'

/** Errors that nobody catches, in the program as it is started (docs/adr/0007). */

const { database, url: databaseUrl } = await createTestDatabase()
const data = await makeDataFolder()
const provoke = pathToFileURL(join(import.meta.dirname, '../support/provoke-errors.ts'))
const start = () =>
  startDaybreak({
    DATABASE_URL: databaseUrl,
    DATA_DIR: data.path,
    METRICS_WITHOUT_KEY: 'true',
    NODE_OPTIONS: `--import=${provoke.href}`,
  })
await given.client(database.system)
const { key } = await createKey(
  database.system,
  { name: 'files', role: 'ingest', clientId: ACME, expiresAt: null },
  { kind: 'command-line', id: 'test', name: 'test', ip: null },
)
const program = await start()
afterAll(async () => {
  await program.stop()
  await data.remove()
})

const AUTHORIZATION = { Authorization: `Bearer ${key}` }
const ROWS = 'id,occurred_at,kind,amount_minor\n1,2026-03-01T10:00:00,charge,1050\n'

/** A request whose body does not come to its end: it waits for as long as nobody ends it. */
async function openRequest(url: string, headers: Record<string, string> = {}): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const lines = Object.entries({ Host: 'localhost', 'Content-Length': '1000', ...AUTHORIZATION, ...headers })
  const head = ['POST /api/imports?kind=payments HTTP/1.1', ...lines.map(([name, value]) => `${name}: ${value}`)]
  await once(socket, 'connect')
  socket.write(`${head.join('\r\n')}\r\n\r\nid\n`)
  return socket
}

async function answerOf(socket: Socket): Promise<string> {
  let text = ''
  for await (const piece of socket.setTimeout(20_000, () => socket.destroy()).setEncoding('utf8')) {
    text += piece
    if (text.includes('"instance"')) break
  }
  return text
}

const failures = () =>
  program
    .log()
    .split('\n')
    .filter((line) => line.includes('provoked'))
    .map((line) => JSON.parse(line) as { level: number; request_id?: string; msg: string })

async function importOne(): Promise<string> {
  const sent = await fetch(`${program.url}/api/imports?kind=payments`, {
    method: 'POST',
    body: ROWS,
    headers: AUTHORIZATION,
  })
  return ((await sent.json()) as { id: string }).id
}

async function stateOf(id: string): Promise<string> {
  const found = await fetch(`${program.url}/api/imports/${id}`, { headers: AUTHORIZATION })
  return ((await found.json()) as { state: string }).state
}

describe('an error of a request ends that request alone', () => {
  test.each(['timer', 'stream', 'rejected promise', 'callback of pg', 'listener to the request'])(
    'from a %s: it answers 500, and says so once in the log, under the request’s id',
    async (what) => {
      const before = failures().length
      const beside = await openRequest(program.url)
      const answer = await answerOf(await openRequest(program.url, { 'x-provoke': what }))
      expect(answer).toMatch(/^HTTP\/1\.1 500 [\s\S]*"code":"internal-error"/)
      const requestId = /X-Request-Id: (\S+)/i.exec(answer)?.[1]
      expect(failures().slice(before)).toEqual([
        expect.objectContaining({ request_id: requestId, msg: 'POST /api/imports failed: provoked' }),
      ])
      expect(beside.readyState).toBe('open')
      beside.destroy()
    },
  )

  test('when a part of the answer is gone already: its connection breaks off', async () => {
    const before = failures().length
    const answer = await answerOf(await openRequest(program.url, { 'x-provoke': 'half an answer' }))
    expect([answer.includes('half'), answer.includes('internal-error')]).toEqual([true, false])
    expect(failures()).toHaveLength(before + 1)
  })

  test('when it is answered already: the answer stands', async () => {
    const before = failures().length
    const response = await fetch(`${program.url}/livez`, { headers: { 'x-provoke': 'after the answer' } })
    expect(response.status).toBe(200)
    await vi.waitFor(() => expect(failures()).toHaveLength(before + 1), PATIENCE)
  })

  test('and each is counted, while the work goes on', async () => {
    const id = await importOne()
    await vi.waitFor(async () => expect(await stateOf(id)).toBe('done'), PATIENCE)
    const metrics = await (await fetch(`${program.url}/metrics`)).text()
    expect(metrics).toContain(`daybreak_http_uncaught_errors_total ${failures().length}\n`)
    expect(failures().length).toBeGreaterThan(0)
  })
})

describe('an error that is no request’s', () => {
  test('stops the process in order, with exit code 1', async () => {
    const other = await start()
    const waiting = await openRequest(other.url)
    process.kill(other.pid, 'SIGUSR2')
    expect(await other.ended).toBe(1)
    waiting.destroy()
    expect(other.log()).toContain(
      'the process stops: running work may finish, after an error that nobody caught: provoked',
    )
    expect(other.log()).not.toContain('the process ends')
    // Who stops in order takes its name off the list.
    expect(await database.system.selectFrom('nodes').select('id').execute()).toHaveLength(1)
  })

  test('while it stops ends it at once', async () => {
    const other = await start()
    const waiting = await openRequest(other.url)
    process.kill(other.pid, 'SIGUSR2')
    await vi.waitFor(() => expect(other.log()).toContain('the process stops'), PATIENCE)
    process.kill(other.pid, 'SIGUSR2')
    expect(await other.ended).toBe(1)
    waiting.destroy()
    expect(other.log()).toContain('the process ends, after an error that nobody caught: provoked')
  })
})
