import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Problem } from '../../../src/board/http/problem.ts'
import { given } from '../../support/given.ts'
import { BROWSER, keyHeaders, openTestBoard, signIn, type TestBoard } from '../../support/test-board.ts'
import { testJob } from '../../support/test-engine.ts'

const strict = z.strictObject({
  clientId: z.string(),
  name: z.string().min(1),
  count: z.int().min(1).max(9),
  day: z.iso.date(),
})
const work = testJob('work', async () => {}, {
  payload: strict,
  key: ({ clientId, name }) => `${clientId}.${name}`,
  night: ({ day }: { day: string }) => day,
})
const board = await openTestBoard({ jobs: [work] })
await given.client(board.database.system, { id: 'acme' })
const operator = await keyHeaders(board, 'operator')
const good = { clientId: 'acme', name: 'a', count: 1, day: '2026-03-01' }
const RUN = '00000000-0000-4000-8000-000000000001'

type Init = { method?: string; body?: string | Blob; headers?: Record<string, string> }

async function ask(path: string, init: Init = {}): Promise<{ status: number; problem: Problem }> {
  const response = await fetch(board.url + path, { ...init, headers: { ...operator, ...init.headers } })
  expect(response.headers.get('Content-Type')).toBe('application/problem+json; charset=utf-8')
  return { status: response.status, problem: (await response.json()) as Problem }
}

function post(body: string | Blob, headers: Record<string, string> = {}): Init {
  return { method: 'POST', body, headers: { 'Content-Type': 'application/json', ...headers } }
}

const runs = '/api/jobs/work/runs'
const deep = '['.repeat(100_000) + ']'.repeat(100_000)

describe('bad input is a problem document with a stable code, and never a 500', () => {
  test.each<[string, string, Init, number, string]>([
    ['an address that is none', '/api/nothing', {}, 404, 'not-found'],
    ['an address that cannot be decoded', '/api/runs/%E0%A4%A', {}, 400, 'invalid-path'],
    ['a NUL in an address', `/files/${RUN}/pdf%00`, {}, 400, 'invalid-path'],
    ['a run id that is none', '/api/runs/7', {}, 400, 'invalid-path'],
    ['a run that does not exist', `/api/runs/${RUN}`, {}, 404, 'not-found'],
    ['a method the address lacks', '/api/jobs', { method: 'DELETE' }, 405, 'method-not-allowed'],
    ['an unknown parameter', '/api/runs?colour=red', {}, 400, 'invalid-query'],
    ['a limit that is no number', '/api/runs?limit=many', {}, 400, 'invalid-query'],
    ['a limit out of range', '/api/runs?limit=100000', {}, 400, 'invalid-query'],
    ['a parameter given twice', '/api/runs?night=2026-03-01&night=2026-03-02', {}, 400, 'invalid-query'],
    ['a day before the calendar', '/api/runs?night=0000-01-01', {}, 400, 'invalid-query'],
    ['a NUL in a parameter', '/api/reports/executions?report=%00', {}, 400, 'invalid-query'],
    ['a cursor that is none', '/api/runs?cursor=abc', {}, 400, 'invalid-cursor'],
    [
      'a cursor with a day that is none',
      `/api/runs?cursor=${cursor('2026-99-99T00:00:00Z')}`,
      {},
      400,
      'invalid-cursor',
    ],
    ['another cursor that is none', '/api/reports/executions?cursor=abc', {}, 400, 'invalid-cursor'],
    ['a job that does not exist', '/api/jobs/play/runs', post('{}'), 404, 'unknown-job'],
    ['a body that is no JSON', runs, post('{"a":'), 400, 'invalid-json'],
    ['a body that is a number', runs, post('7'), 422, 'invalid-body'],
    ['a body that is a list', runs, post('[]'), 422, 'invalid-body'],
    ['a body that nests too deep', runs, post(deep), 400, 'invalid-json'],
    [
      'a body of another type',
      runs,
      post('a=b', { 'Content-Type': 'application/x-www-form-urlencoded' }),
      415,
      'unsupported-media-type',
    ],
    ['a body of no type', runs, post(new Blob(['{}']), { 'Content-Type': '' }), 415, 'unsupported-media-type'],
    [
      'a charset nobody speaks',
      runs,
      post('{}', { 'Content-Type': 'application/json; charset=klingon' }),
      415,
      'unsupported-media-type',
    ],
    ['an encoding nobody speaks', runs, post('{}', { 'Content-Encoding': 'shrunk' }), 415, 'unsupported-media-type'],
    ['a body that is too large', runs, post(JSON.stringify({ name: 'x'.repeat(300_000) })), 413, 'body-too-large'],
    ['a NUL in a body', runs, post(JSON.stringify({ ...good, name: 'a\0b' })), 400, 'invalid-json'],
    ['half a surrogate pair in a body', runs, post('{"name":"\\ud800"}'), 400, 'invalid-json'],
    ['a prototype in a body', runs, post('{"__proto__":{"clientId":"acme"}}'), 422, 'invalid-body'],
    ['a day the calendar lacks', runs, post(JSON.stringify({ ...good, day: '0000-01-01' })), 422, 'unstorable-value'],
    [
      'a client that does not exist',
      runs,
      post(JSON.stringify({ ...good, clientId: 'nowhere' })),
      422,
      'no-such-client',
    ],
    ['an unknown way to run again', `${runs}?again=maybe`, post(JSON.stringify(good)), 400, 'invalid-query'],
    ['an empty Idempotency-Key', runs, post(JSON.stringify(good), { 'Idempotency-Key': '' }), 400, 'invalid-header'],
    [
      'an Idempotency-Key of a kilobyte',
      runs,
      post(JSON.stringify(good), { 'Idempotency-Key': 'x'.repeat(1000) }),
      400,
      'invalid-header',
    ],
    ['a format there is none of', `/files/${RUN}/exe`, {}, 400, 'invalid-path'],
    ['a file that does not exist', `/files/${RUN}/pdf`, {}, 404, 'not-found'],
    ['a mailed link that is cut off', '/d/short', {}, 400, 'invalid-path'],
    ['a mailed link that leads nowhere', `/d/${'x'.repeat(32)}`, {}, 404, 'not-found'],
  ])('%s', async (_what, path, init, status, code) => {
    const answer = await ask(path, init)
    expect([answer.status, answer.problem.status, answer.problem.code]).toEqual([status, status, code])
    expect(
      Object.keys(answer.problem)
        .filter((member) => member !== 'errors')
        .sort(),
    ).toEqual(['code', 'detail', 'instance', 'status', 'title', 'type'])
    expect(answer.problem.type).toBe(`/docs/problems#${code}`)
    expect(JSON.stringify(answer.problem)).not.toMatch(/node_modules|at \w+ \(|\.ts:\d/)
  })

  test('nothing of it reached the ledger', async () => {
    expect(await board.database.system.selectFrom('runs').select('id').execute()).toEqual([])
  })
})

function cursor(instant: string): string {
  return Buffer.from(JSON.stringify([instant, RUN])).toString('base64url')
}

const packed = (bytes: Buffer<ArrayBuffer>, encoding = 'gzip') =>
  post(new Blob([bytes]), { 'Content-Encoding': encoding })
const notGzip = [400, 'bad-request', 'The body is not gzip, or is cut off.']

test.each<[string, string, Init, (number | string)[]]>([
  ['gzip that is cut off', runs, packed(gzipSync('{}').subarray(0, -9)), notGzip],
  ['gzip and more after it', runs, packed(Buffer.concat([gzipSync('{}'), Buffer.from('more')])), notGzip],
  ['what is said to be gzip', runs, packed(Buffer.from('{}')), notGzip],
  ['gzip of facts that is cut off', '/api/facts/calls?client=acme', packed(gzipSync('[]').subarray(0, -9)), notGzip],
  [
    ...(['brotli', runs, packed(Buffer.from('xx'), 'br')] as const),
    [415, 'unsupported-media-type', 'A body is packed with gzip, or not at all; this is br.'],
  ],
  [
    ...(['an address', '/api/facts/%ff', post('[]')] as const),
    [400, 'invalid-path', 'The address cannot be read: a % in it begins no character of UTF-8.'],
  ],
])('%s that cannot be read is named', async (_what, path, init, answer) => {
  const { status, problem } = await ask(path, init)
  expect([status, problem.code, problem.detail]).toEqual(answer)
})

test('a payload that does not fit is refused with every field that is wrong', async () => {
  const { status, problem } = await ask(
    runs,
    post(JSON.stringify({ clientId: 'acme', name: '', count: 12, colour: 'red' })),
  )
  expect([status, problem.errors]).toEqual([
    422,
    [
      { in: 'body', pointer: '/name', detail: 'Too small: expected string to have >=1 characters' },
      { in: 'body', pointer: '/count', detail: 'Too big: expected number to be <=9' },
      { in: 'body', pointer: '/day', detail: 'Invalid input: expected string, received undefined' },
      { in: 'body', pointer: '/colour', detail: 'There is no such field.' },
    ],
  ])
})

const goals = '/api/admin/goals?client=acme'
const range = 'must be one of today, 7d, 30d, 90d, 1y, or {"from": "2026-03-01", "to": "2026-03-08"}'
const unstorable = 'NUL or half a surrogate pair cannot be stored.'

test.each<[string, string, string, string, string]>([
  ['null', goals, 'null', 'invalid-body', 'Invalid input: expected object, received null'],
  ['null', '/api/analytics/overview', 'null', 'invalid-body', 'Invalid input: expected object, received null'],
  ['a word', goals, '"a"', 'invalid-body', 'Invalid input: expected object, received string'],
  [
    ...(['text with a NUL', goals, '{"name":"g\\u0000"}', 'invalid-json'] as const),
    `The body holds text that cannot be stored, at "name": ${unstorable}`,
  ],
  ['a range of no name', '/api/analytics/overview', '{"range":"lastweek"}', 'invalid-body', `/range: ${range}`],
  ['a range of half', '/api/analytics/overview', '{"range":{"from":"2026-03-01"}}', 'invalid-body', `/range: ${range}`],
  [
    ...(['a range of no day', '/api/analytics/overview'] as const),
    ...(['{"range":{"from":"2026-03-01","to":"2026-03-01"}}', 'invalid-body', '/range: must hold a day'] as const),
  ],
])('JSON that is %s is refused for what it is', async (_what, path, body, code, detail) => {
  const admin = await keyHeaders(board, 'admin')
  const { problem } = await ask(path, post(body, admin))
  expect([problem.code, problem.detail]).toEqual([code, detail])
})

test('somebody in front of a browser reads the same words on a page', async () => {
  const person = await signIn(board, 'viewer')
  const response = await person.get(`/runs/${RUN}`)
  expect([response.status, response.headers.get('Content-Type')]).toEqual([404, 'text/html; charset=utf-8'])
  expect(await response.text()).toContain(`There is no run ${RUN}.`)
})

test('a failure of ours is logged once, under the id the visitor was shown, and shows nothing else', async () => {
  const lines: Record<string, unknown>[] = []
  const log = {
    ...board.parts.log,
    warn() {},
    info() {},
    debug() {},
    error: (line: Record<string, unknown>) => lines.push(line),
  }
  const ledger = {
    ...board.parts.ledger,
    list: async () => {
      throw new Error('the password of the database is hunter2')
    },
  }
  const broken = await openTestBoard({ change: { log: log as never, ledger } })
  const response = await fetch(`${broken.url}/api/runs`, { headers: await keyHeaders(broken, 'viewer') })
  const problem = (await response.json()) as Problem
  expect([response.status, problem.code, JSON.stringify(problem).includes('hunter2')]).toEqual([
    500,
    'internal-error',
    false,
  ])
  expect(lines.map(({ request_id }) => `urn:uuid:${String(request_id)}`)).toEqual([problem.instance])
})

test('a board whose database is gone says so, and when to come back', async () => {
  const { database } = await openTestBoard()
  const gone = await openTestBoard({ change: { database: { ...database, system: refusing(database.system) } } })
  const response = await fetch(`${gone.url}/api/runs`, { headers: { Authorization: `Bearer dbk_${'x'.repeat(43)}` } })
  const problem = (await response.json()) as Problem
  expect([response.status, problem.code, response.headers.get('Retry-After')]).toEqual([503, 'unavailable', '5'])
  expect((await fetch(`${gone.url}/livez`)).status).toBe(200)
})

/** A database handle whose server does not answer. */
function refusing<T extends object>(database: T): T {
  return new Proxy(database, {
    get() {
      throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    },
  })
}

test('a body of two gigabytes is answered before it is read', async () => {
  const { port } = new URL(board.url)
  const answer = await new Promise<string>((done, failed) => {
    const socket = connect(Number(port), '127.0.0.1', () => {
      socket.write(
        `POST ${runs} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${operator['Authorization']}\r\nContent-Type: application/json\r\nContent-Length: 2147483648\r\n\r\n{"name":"`,
      )
    })
    socket.once('data', (data) => {
      done(String(data))
      socket.destroy()
    })
    socket.once('error', failed)
  })
  expect(answer.split('\r\n')[0]).toBe('HTTP/1.1 413 Payload Too Large')
})

describe('twenty requests a second', () => {
  let limited: TestBoard
  beforeAll(async () => {
    limited = await openTestBoard({ jobs: [work], change: { requestsPerSecond: 20 } })
  })

  test('the twenty-first read is refused and told when to come back, and nobody else is', async () => {
    const [mine, yours] = [await keyHeaders(limited, 'viewer'), await keyHeaders(limited, 'viewer')]
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => fetch(`${limited.url}/api/jobs`, { headers: mine })),
    )
    const refused = answers.filter(({ status }) => status === 429)
    expect(answers.filter(({ status }) => status === 200).length).toBe(20)
    expect(refused.map(({ headers }) => headers.get('Retry-After'))).toEqual(refused.map(() => '1'))
    expect(((await refused[0]?.json()) as Problem | undefined)?.code).toBe('too-many-requests')
    expect((await fetch(`${limited.url}/api/jobs`, { headers: yours })).status).toBe(200)
  })

  test('fifty writes at once wait for their turn; two hundred do not all', async () => {
    const headers = await keyHeaders(limited, 'operator')
    const write = () => fetch(`${limited.url}/api/runs/${RUN}/retry`, { method: 'POST', headers })
    const some = await Promise.all(Array.from({ length: 50 }, write))
    expect(new Set(some.map(({ status }) => status))).toEqual(new Set([404]))
    const many = await Promise.all(Array.from({ length: 200 }, write))
    expect(many.filter(({ status }) => status === 429).length).toBeGreaterThan(50)
  })
})

test('a program that asks with anything but a browser gets a document on pages too', async () => {
  const document = await fetch(`${board.url}/nothing`)
  const page = await fetch(`${board.url}/nothing`, { headers: { Accept: BROWSER } })
  expect([document.headers.get('Content-Type'), page.headers.get('Content-Type')]).toEqual([
    'application/problem+json; charset=utf-8',
    'text/html; charset=utf-8',
  ])
})

test('the rest of a refused body is not waited for, and its connection serves no other', async () => {
  const socket = connect(Number(new URL(board.url).port), '127.0.0.1')
  const head = ['POST /api/facts/payments HTTP/1.1', 'Host: localhost', 'Content-Type: application/json']
  socket.write([...head, 'Content-Length: 1000000000', '', '['].join('\r\n'))
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 401 [\s\S]*Connection: close/)
})
