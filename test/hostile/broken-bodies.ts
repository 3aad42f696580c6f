import { gzipSync } from 'node:zlib'
import type { Random } from '../../sample/random.ts'
import { defineFault, verdict } from '../faults/fault.ts'
import { given } from '../support/given.ts'
import { checkLives, checkWorks, FAST } from './lives.ts'
import { type Speech, speak } from './speak.ts'
import { keyOf, OURS, type Visitor } from './visitors.ts'

/** Bytes that a bomb unpacks to: far more than any body may have. */
const BOMB_BYTES = 256 << 20
const FINDS_SHOWN = 5
/** A refusal needs little: what is not answered within this hangs. */
const ANSWER_MAX_MS = 90_000

type Body = { name: string; type: string; encoding?: string; body: Buffer }

export const brokenBodies = defineFault({
  name: 'broken-bodies',
  title:
    'bodies of facts and questions that end early, are packed badly, are bombs, lie about their length, are deep, or are no text',
  mark: 'each is answered below 500, or closed when we cut it; the process lives, and still does a run',
  backends: ['postgres'],
  servers: 'shared',
  alone: false,
  short: { rounds: 1 },
  long: { rounds: 40 },
  async run(world, { rounds }) {
    await given.client(world.db, { id: OURS })
    const node = await world.start('scheduler,worker,board', FAST)
    const visitor = await keyOf({ database: world.database, url: node.url() }, 'operator', OURS)
    const finds: string[] = []
    const counts = { bodies: 0, answered: 0, closed: 0, 'cut by us': 0 }
    let slowestMs = 0
    for (let round = 0; round < rounds; round += 1) {
      for (const body of bodiesOf(world.random)) {
        for (const path of ADDRESSES) {
          const began = performance.now()
          const { statuses, end } = await speak(node.url(), requestOf(world.random, visitor, path, body))
          const ms = performance.now() - began
          slowestMs = Math.max(slowestMs, ms)
          if (statuses.some((status) => status >= 500) || end === 'hung' || ms > ANSWER_MAX_MS)
            finds.push(`${body.name} to ${path}: ${statuses.join(' ')} ${end} after ${Math.round(ms)} ms`)
          counts.bodies += 1
          counts.answered += Number(end === 'answered')
          counts.closed += Number(end === 'closed')
          counts['cut by us'] += Number(end === 'cut')
        }
        await checkLives(world, node, body.name)
      }
      world.say(`round ${round + 1} of ${rounds}`)
    }
    await checkWorks(world, node, 'all of them')
    return verdict({ ...counts, 'slowest answer': `${Math.round(slowestMs)} ms`, finds: finds.length }, [
      [finds.length === 0, finds.slice(0, FINDS_SHOWN).join('; ')],
    ])
  },
})

/** One of each way that a body is read: facts, events, a question, a form, a file. */
const ADDRESSES = [
  '/api/facts/interactions',
  '/api/analytics/track',
  '/api/analytics/sync',
  '/api/analytics/overview',
  '/api/imports?kind=interactions&dryRun=true',
  '/sign-in',
]

const JSON_TYPE = 'application/json'
const LINES_TYPE = 'application/x-ndjson'

function bodiesOf(random: Random): Body[] {
  const facts = JSON.stringify(
    Array.from({ length: 50 }, (_, id) => ({ id: `i${id}`, started_at: '2026-03-01T09:00:00Z', status: 'answered' })),
  )
  const packed = gzipSync(facts)
  const some = (bytes: Buffer) => bytes.subarray(0, random.integer(1, bytes.length - 1))
  const flipped = Buffer.from(packed)
  flipped[random.integer(10, flipped.length - 1)] = random.integer(0, 255)
  const zeros = gzipSync(Buffer.alloc(BOMB_BYTES), { level: 9 })
  return [
    { name: 'JSON cut', type: JSON_TYPE, body: some(Buffer.from(facts)) },
    { name: 'JSON of lists in lists', type: JSON_TYPE, body: Buffer.from('['.repeat(200_000)) },
    { name: 'JSON of objects in objects', type: JSON_TYPE, body: Buffer.from('{"a":'.repeat(40_000)) },
    { name: 'JSON with __proto__', type: JSON_TYPE, body: Buffer.from('[{"__proto__":{"id":"x"},"constructor":{}}]') },
    { name: 'JSON in UTF-16', type: `${JSON_TYPE}; charset=utf-16`, body: Buffer.from(facts, 'utf16le') },
    { name: 'JSON with half a character', type: JSON_TYPE, body: Buffer.from('["\\ud800', 'utf8') },
    { name: 'bytes that are no UTF-8', type: JSON_TYPE, body: Buffer.from([0x22, 0xff, 0xfe, 0xc0, 0x22]) },
    { name: 'lines cut', type: LINES_TYPE, body: some(Buffer.from('{"id":"a"}\n{"id":"b"}\n{"id"')) },
    { name: 'a line without end', type: LINES_TYPE, body: Buffer.from(`{"id":"${'x'.repeat(4 << 20)}`) },
    { name: 'a million empty lines', type: LINES_TYPE, body: Buffer.alloc(1 << 20, '\n') },
    { name: 'gzip cut', type: JSON_TYPE, encoding: 'gzip', body: some(packed) },
    { name: 'gzip with a byte changed', type: JSON_TYPE, encoding: 'gzip', body: flipped },
    { name: 'gzip that is none', type: JSON_TYPE, encoding: 'gzip', body: Buffer.from(facts) },
    { name: 'a gzip bomb', type: JSON_TYPE, encoding: 'gzip', body: zeros },
    { name: 'a gzip bomb of lines', type: LINES_TYPE, encoding: 'gzip', body: zeros },
    { name: 'gzip in gzip', type: JSON_TYPE, encoding: 'gzip, gzip', body: gzipSync(zeros) },
    { name: 'deflate that is none', type: JSON_TYPE, encoding: 'deflate', body: Buffer.from(facts) },
    { name: 'brotli that is none', type: JSON_TYPE, encoding: 'br', body: Buffer.from(facts) },
    { name: 'an encoding nobody knows', type: JSON_TYPE, encoding: 'x', body: Buffer.from(facts) },
    {
      name: 'a form of a thousand fields',
      type: 'application/x-www-form-urlencoded',
      body: Buffer.from('a=1&'.repeat(9000)),
    },
    { name: 'a form of percent signs', type: 'application/x-www-form-urlencoded', body: Buffer.from('%=%&%zz=%0') },
  ]
}

/** Sometimes in pieces, sometimes less than was announced. */
function requestOf(random: Random, { headers }: Visitor, path: string, { type, encoding, body }: Body): Speech {
  const cut = random.chance(0.15)
  const own = Object.entries({ ...headers, ...(encoding !== undefined && { 'Content-Encoding': encoding }) })
  const isChunked = random.chance(0.25)
  const length = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length + (cut ? 100 : 0)}`
  const lines = [`POST ${path} HTTP/1.1`, 'Host: 127.0.0.1', `Content-Type: ${type}`, length]
  const head = [...lines, ...own.map(([name, value]) => `${name}: ${value}`)].join('\r\n')
  const sent = isChunked ? [`${body.length.toString(16)}\r\n`, body, cut ? '\r\n' : '\r\n0\r\n\r\n'] : [body]
  return { pieces: [`${head}\r\n\r\n`, ...sent], cut, pauseMs: random.chance(0.2) ? 5 : 0 }
}
