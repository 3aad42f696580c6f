import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { Problem } from '../../../src/board/http/problem.ts'
import { importFile } from '../../../src/jobs/import-file.ts'
import { given } from '../../support/given.ts'
import { keyHeaders, openTestBoard, type Person, signIn } from '../../support/test-board.ts'

/** Forms that end before they are whole, come in an unlucky order, or from somebody who may not send them. */

const MAX_BYTES = 2_000_000
const board = await openTestBoard({ jobs: [importFile], change: { importMaxBytes: MAX_BYTES } })
await given.client(board.database.system, { id: 'shop', name: 'Shop', time_zone: 'UTC', currency: 'CHF' })
const ingest = await keyHeaders(board, 'ingest', 'shop')

const uncaught: unknown[] = []
const note = (error: unknown) => void uncaught.push(error)
process.on('uncaughtException', note)
afterAll(() => void process.off('uncaughtException', note))

const ROWS = 'id,occurred_at,kind,amount_minor\n1,2026-03-01T10:00:00,charge,1050\n'
const field = (name: string, value: string) =>
  `--B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const filePart = (name: string, content = ROWS) =>
  `--B\r\nContent-Disposition: form-data; name="${name}"; filename="a.csv"\r\n\r\n${content}\r\n`
const END = '--B--\r\n'
const FORM = { 'Content-Type': 'multipart/form-data; boundary=B' }

async function storedFiles(): Promise<string[]> {
  const keys: string[] = []
  for await (const key of board.parts.storage.list('')) keys.push(key)
  return keys
}

beforeEach(async () => {
  for (const key of await storedFiles()) await board.parts.storage.delete(key)
})

async function send(path: string, body: string, headers: Record<string, string>) {
  const response = await fetch(board.url + path, { method: 'POST', body, headers: { ...FORM, ...headers } })
  const { code } = (await response.json()) as Problem
  return { status: response.status, code, connection: response.headers.get('Connection') }
}

/** What a broken stream does, it does in a later tick. */

const settle = () => new Promise((done) => setTimeout(done, 50))

async function expectUnharmed(): Promise<void> {
  await settle()
  expect(uncaught).toEqual([])
  expect((await fetch(`${board.url}/livez`)).status).toBe(200)
  expect(await storedFiles()).toEqual([])
  expect(await board.database.system.selectFrom('imports').select('id').execute()).toEqual([])
}

describe('a form of a program is refused, and nobody else notices, when', () => {
  const CASES: [what: string, query: string, body: string, status: number, code: string][] = [
    ['its file has no closing boundary', 'kind=payments', filePart('file'), 400, 'bad-request'],
    ['the same, of a kind nobody knows', 'kind=paymnts', filePart('file'), 400, 'bad-request'],
    ['the same, of another client', 'kind=payments&client=other', filePart('file'), 400, 'bad-request'],
    ['the part of another name has none', 'kind=payments', filePart('sheet'), 400, 'bad-request'],
    ['the second file has none', 'kind=payments', filePart('file') + filePart('file'), 400, 'bad-request'],
    ['the second file is whole', 'kind=payments', filePart('file') + filePart('file') + END, 400, 'bad-request'],
    ['a third file has none', 'kind=payments', filePart('a') + filePart('b') + filePart('c'), 400, 'bad-request'],
    [
      'its file is too large and has none',
      'kind=payments',
      filePart('file', 'x'.repeat(MAX_BYTES * 2)),
      413,
      'body-too-large',
    ],
    ['a field has none', '', filePart('file') + field('kind', 'payments'), 400, 'bad-request'],
    ['a header has no end', '', '--B\r\nContent-Disposition: form-data; name="file"; filename="a', 400, 'bad-request'],
    ['it has more fields than any form', '', field('a', '1').repeat(31) + filePart('file') + END, 400, 'bad-request'],
    ['a field is too long', '', field('mapping', 'x'.repeat(2 ** 20 + 1)) + filePart('file') + END, 400, 'bad-request'],
    ['it is empty', 'kind=payments', '', 400, 'bad-request'],
  ]
  test.each(CASES)('%s', async (_what, query, body, status, code) => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => send(`/api/imports?${query}`, body, ingest)))
    for (const answer of answers) expect([answer.status, answer.code]).toEqual([status, code])
    await expectUnharmed()
  })

  test('its connection breaks off in the middle of the file: what was stored of it is gone', async () => {
    const { port } = new URL(board.url)
    const socket = connect(Number(port), '127.0.0.1')
    await once(socket, 'connect')
    const head = [
      'POST /api/imports?kind=payments HTTP/1.1',
      'Host: localhost',
      `Authorization: ${ingest['Authorization']}`,
    ]
    head.push('Content-Type: multipart/form-data; boundary=B', 'Content-Length: 150000', '', filePart('file'))
    socket.write(head.join('\r\n'))
    const partials = join(dirname(board.outboxFolder), 'reports/.partial')
    const kept = () => readdir(partials).catch(() => [])
    await expect.poll(kept).toHaveLength(1)
    socket.resetAndDestroy()
    await expect.poll(kept).toEqual([])
    await expectUnharmed()
  })
})

/**
 * Sends megabytes around a file until it is answered. A connection that is closed meanwhile may take its answer with
 * it.
 */
async function sendAround(): Promise<{ answer: string; chunks: number }> {
  const { port } = new URL(board.url)
  const socket = connect(Number(port), '127.0.0.1')
  const head = [
    'POST /api/imports?kind=payments HTTP/1.1',
    'Host: localhost',
    `Authorization: ${ingest['Authorization']}`,
  ]
  head.push('Content-Type: multipart/form-data; boundary=B', 'Transfer-Encoding: chunked', '', '')
  socket.write(head.join('\r\n'))
  let answer = ''
  socket.on('data', (part: Buffer) => {
    answer += part.toString()
  })
  const closed = new Promise((resolve) => socket.once('close', resolve))
  // Writing on after the board has closed the connection is an error, which may come before the answer is read.
  socket.on('error', () => {})
  const chunk = Buffer.from(`100000\r\n${'x'.repeat(2 ** 20)}\r\n`)
  let chunks = 0
  while (chunks < 64 && answer === '' && socket.writable) {
    chunks += 1
    await new Promise((resolve) => socket.write(chunk, resolve))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  socket.end()
  await closed
  socket.destroy()
  return { answer, chunks }
}

test('what stands around the file of a form is bounded, whatever the request says of its length', async () => {
  const sent: { answer: string; chunks: number }[] = []
  const answer = async () => {
    sent.push(await sendAround())
    return sent.at(-1)?.answer
  }
  await expect.poll(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*Connection: close/)
  expect(Math.max(...sent.map(({ chunks }) => chunks))).toBeLessThan(40)
  await expectUnharmed()
})

describe('the form of the page', () => {
  const WANTS_JSON = { Accept: 'application/json' }
  const asked = (person: Person) => ({ Cookie: person.cookie, ...WANTS_JSON })

  test.each([
    ['has no token', () => field('kind', 'payments') + filePart('file') + END],
    ['has no token and no end', () => filePart('file')],
    ['has a wrong one', () => field('csrf', 'guessed') + filePart('file') + END],
    [
      'has it after another field',
      ({ csrf }: Person) => field('kind', 'payments') + field('csrf', csrf) + filePart('file') + END,
    ],
    ['has it after the file', ({ csrf }: Person) => filePart('file') + field('csrf', csrf) + END],
  ])('is refused when it %s, and the connection with it', async (_what, body) => {
    const person = await signIn(board, 'operator')
    const answer = await send('/imports', body(person), asked(person))
    expect(answer).toEqual({ status: 403, code: 'invalid-csrf-token', connection: 'close' })
    await expectUnharmed()
  })

  test('takes no token from the address', async () => {
    const person = await signIn(board, 'operator')
    const query = `?csrf=${person.csrf}&client=shop&kind=payments`
    expect(await send(`/imports${query}`, filePart('file') + END, asked(person))).toMatchObject({ status: 403 })
    const bare = { ...asked(person), 'Content-Type': 'text/csv' }
    expect(await send(`/imports${query}`, ROWS, bare)).toMatchObject({ status: 415 })
    await expectUnharmed()
  })

  test.each([
    ['Origin', 'https://evil.example'],
    ['Sec-Fetch-Site', 'cross-site'],
  ])('is refused before any of its body has come when %s says %s', async (name, value) => {
    const person = await signIn(board, 'operator')
    const { port } = new URL(board.url)
    const socket = connect(Number(port), '127.0.0.1')
    const head = ['POST /imports HTTP/1.1', 'Host: localhost', `Cookie: ${person.cookie}`, `${name}: ${value}`]
    head.push(
      'Accept: application/json',
      'Content-Type: multipart/form-data; boundary=B',
      'Content-Length: 100000',
      '',
      '',
    )
    socket.write(head.join('\r\n'))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    socket.destroy()
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 403 /)
    await expectUnharmed()
  })

  test('is refused as soon as its first field is no token, while the rest is still to come', async () => {
    const person = await signIn(board, 'operator')
    const { port } = new URL(board.url)
    const socket = connect(Number(port), '127.0.0.1')
    const head = ['POST /imports HTTP/1.1', 'Host: localhost', `Cookie: ${person.cookie}`, 'Accept: application/json']
    head.push(
      'Content-Type: multipart/form-data; boundary=B',
      'Content-Length: 100000',
      '',
      field('kind', 'payments'),
      '--B',
    )
    socket.write(head.join('\r\n'))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 403 [\s\S]*Connection: close/)
    await once(socket.resume(), 'close')
    await expectUnharmed()
  })
})

test('the name of a file is shown as it is written: what turns the direction of writing is left out', async () => {
  const fileName = encodeURIComponent('report\u202Evsc.exe\u2066\u200F.csv\u2028')
  const sent = await fetch(`${board.url}/api/imports?kind=payments&fileName=${fileName}`, {
    method: 'POST',
    body: ROWS,
    headers: ingest,
  })
  expect(await sent.json()).toMatchObject({ fileName: 'reportvsc.exe.csv' })
})
