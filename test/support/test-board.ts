import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll } from 'vitest'
import { createBoard } from '../../src/board/board.ts'
import type { BoardParts } from '../../src/board/http/context.ts'
import { listen } from '../../src/board/http/listen.ts'
import type { ExecutionView } from '../../src/board/reports/read-executions.ts'
import type { Database } from '../../src/db/database.ts'
import { createLog } from '../../src/log.ts'
import { openOutbox } from '../../src/mail/outbox.ts'
import { createKey, createUser, type KeyRole, type UserRole } from '../../src/people/people.ts'
import { type AnyJob, createRegistry } from '../../src/queues/index.ts'
import { createLedger } from '../../src/queues/ledger.ts'
import { openFolderStore } from '../../src/storage/folder-store.ts'
import { systemClock } from '../../src/time.ts'
import { createTestDatabase } from './test-database.ts'
import { type BackendKind, openTestEngine, type TestEngine } from './test-engine.ts'

export type TestBoard = TestEngine & { url: string; database: Database; parts: BoardParts; outboxFolder: string }

export const PASSWORD = 'correct horse battery'
/** Who makes people and keys in tests. */
export const OPERATOR = { kind: 'command-line', id: 'test', name: 'test', ip: null } as const

/** A board that listens, on a database of its own, with the real ledger and queues; no worker runs yet. */
export async function openTestBoard(
  options: { backend?: BackendKind; jobs?: AnyJob[]; change?: Partial<BoardParts> } = {},
): Promise<TestBoard> {
  const { database } = await createTestDatabase({ connectionsMax: 16 })
  const jobs = options.jobs ?? []
  const engine = await openTestEngine(options.backend ?? 'postgres', database, jobs)
  const folder = await mkdtemp(join(tmpdir(), 'daybreak-board-'))
  const outboxFolder = join(folder, 'outbox')
  openOutbox(outboxFolder, { from: 'Daybreak <daybreak@localhost>' })
  const parts: BoardParts = {
    database,
    // Nothing is dispatched, so that a planned run stays planned until a test says otherwise.
    ledger: createLedger({
      db: database.system,
      backend: engine.backend,
      registry: createRegistry(jobs),
      atOnce: null,
      onPlanned() {},
    }),
    registry: createRegistry(jobs),
    queues: engine.backend.queues,
    storage: openFolderStore(join(folder, 'reports')),
    outboxFolder,
    readiness: [{ name: 'queue', check: () => engine.backend.check() }],
    clock: systemClock,
    log: createLog('silent'),
    publicUrl: 'http://127.0.0.1',
    host: '127.0.0.1',
    trustedProxies: ['loopback'],
    metricsWithoutKey: false,
    sessionTtlHours: 12,
    requestsPerSecond: 1000,
    importMaxBytes: 50_000_000,
    keptDays: 400,
    factDays: null,
    eventDays: 400,
    version: '0.0.0-test',
    ...options.change,
  }
  const listening = await listen(createBoard(parts), { host: '127.0.0.1', port: 0 })
  afterAll(async () => {
    await listening.close(1000)
    await engine.close()
    await rm(folder, { recursive: true, force: true })
  })
  return { ...engine, url: `http://127.0.0.1:${listening.port}`, database, parts, outboxFolder }
}

/** The headers of an API key. */
export async function keyHeaders(
  { database }: Pick<TestBoard, 'database'>,
  role: KeyRole,
  clientId: string | null = null,
): Promise<Record<string, string>> {
  const options = { name: `${role} key`, role, clientId, expiresAt: null }
  const { key } = await createKey(database.system, options, OPERATOR)
  return { Authorization: `Bearer ${key}` }
}

/** A person in front of a browser: cookies kept, redirects shown, forms sent with the token of the page. */
export type Person = {
  email: string
  csrf: string
  cookie: string
  get(path: string, headers?: Record<string, string>): Promise<Response>
  submit(path: string, fields?: Record<string, string>, headers?: Record<string, string>): Promise<Response>
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>
}

/** Makes a person and signs them in through the form. */
export async function signIn(
  board: Pick<TestBoard, 'url' | 'database'>,
  role: UserRole,
  clientId: string | null = null,
): Promise<Person> {
  const email = `${role}-${randomBytes(4).toString('hex')}@example.com`
  await createUser(board.database.system, { email, name: `The ${role}`, role, clientId, password: PASSWORD }, OPERATOR)
  const { response } = await sendSignIn(board, { email, password: PASSWORD })
  if (response.status !== 303) throw new Error(`signing in answered ${response.status}: ${await response.text()}`)
  const cookie = cookiesOf(response)
  const { csrf_token: csrf } = await board.database.system
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .select('csrf_token')
    .where('email', '=', email)
    .executeTakeFirstOrThrow()
  type Init = { method?: string; body?: string | URLSearchParams; headers?: Record<string, string> }
  const send = (path: string, init: Init) =>
    fetch(board.url + path, {
      redirect: 'manual',
      ...init,
      headers: { Cookie: cookie, Accept: BROWSER, ...init.headers },
    })
  return {
    email,
    csrf,
    cookie,
    get: (path, headers = {}) => send(path, { headers }),
    submit: (path, fields = {}, headers = {}) =>
      send(path, { method: 'POST', body: new URLSearchParams({ csrf, back: '/', ...fields }), headers }),
    post: (path, body, headers = {}) =>
      send(path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf, ...headers },
      }),
  }
}

/** What browsers say they take. */
export const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

/** Loads the sign-in form and sends it. */
export async function sendSignIn(
  { url }: Pick<TestBoard, 'url'>,
  { email, password, next = '' }: { email: string; password: string; next?: string },
): Promise<{ response: Response }> {
  const page = await fetch(`${url}/sign-in`, { headers: { Accept: BROWSER } })
  const csrf = /name="csrf" value="([^"]+)"/.exec(await page.text())?.[1] ?? ''
  const response = await fetch(`${url}/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ csrf, email, password, next }),
    headers: { Cookie: cookiesOf(page), Accept: BROWSER },
  })
  return { response }
}

/** The cookies a response sets, as a browser would send them back. */
function cookiesOf(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((line) => line.split(';')[0] ?? '')
    .filter((pair) => !pair.endsWith('='))
    .join('; ')
}

export type GivenExecution = {
  clientId: string
  id?: string
  report?: string
  state?: ExecutionView['state']
  text?: string
}

/** A rendered report with one CSV file in the store; returns its id. */
export async function givenExecution({ database, parts }: TestBoard, execution: GivenExecution): Promise<string> {
  const { clientId, id = randomUUID(), report = 'monthly-revenue', state = 'completed', text = 'a,b\r\n' } = execution
  const window = { window_from: '2026-10-01', window_to: '2026-11-01', time_zone: 'Europe/Zurich', currency: 'CHF' }
  await database.system
    .insertInto('executions')
    .values({ client_id: clientId, id, report, state, ...window })
    .execute()
  const key = `executions/${id}/${report}.csv`
  const stored = await parts.storage.put(key, Readable.from(Buffer.from(text)), { mediaType: 'text/csv' })
  await database.system
    .insertInto('execution_files')
    .values({
      client_id: clientId,
      execution_id: id,
      format: 'csv',
      object_key: key,
      file_name: `${report}, October 2026.csv`,
      media_type: 'text/csv; charset=utf-8',
      size_bytes: stored.sizeBytes,
      sha256: stored.sha256,
    })
    .execute()
  return id
}
