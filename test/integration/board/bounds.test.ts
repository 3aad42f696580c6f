import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Problem } from '../../../src/board/http/problem.ts'
import type { SystemDatabase } from '../../../src/db/database.ts'
import { keyHeaders, openTestBoard, type TestBoard } from '../../support/test-board.ts'

/** A board on whose ledger every list of runs waits until it is let go. */
async function openSlowBoard() {
  const { promise: gone, resolve: letGo } = Promise.withResolvers<void>()
  const asked = { times: 0 }
  const list = async () => {
    asked.times += 1
    await gone
    return { runs: [], nextCursor: null, lookedBackTo: null }
  }
  const { parts } = await openTestBoard()
  const board = await openTestBoard({ change: { ledger: { ...parts.ledger, list } } })
  return { board, asked, letGo }
}

function listRuns({ url }: TestBoard, headers: Record<string, string>): Promise<Response> {
  return fetch(`${url}/api/runs`, { headers })
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(5)
}

test('two dear questions of one key are answered at once, the rest waits a little and is refused, and nobody else waits', async () => {
  const { board, asked, letGo } = await openSlowBoard()
  const [mine, yours] = [await keyHeaders(board, 'viewer'), await keyHeaders(board, 'viewer')]
  const answers = Array.from({ length: 12 }, () => listRuns(board, mine))
  const refused: Response[] = []
  for (const answer of answers) void answer.then((each) => each.status === 429 && refused.push(each))
  await until(() => refused.length === 10)
  expect(asked.times).toBe(2)
  const problem = (await refused[0]?.json()) as Problem
  expect([problem.code, refused[0]?.headers.get('Retry-After')]).toEqual(['too-many-at-once', '2'])
  const other = listRuns(board, yours)
  await until(() => asked.times === 3)
  letGo()
  expect((await other).status).toBe(200)
  const statuses = (await Promise.all(answers)).map(({ status }) => status)
  expect(statuses.filter((status) => status === 200).length).toBe(2)
})

test('probes are answered while strangers are refused', async () => {
  const board = await openTestBoard({ change: { requestsPerSecond: 1 } })
  const probes = (path: string) => Promise.all(Array.from({ length: 40 }, () => fetch(board.url + path)))
  const strangers = await probes('/sign-in')
  expect(strangers.filter(({ status }) => status === 429).length).toBeGreaterThan(0)
  const answers = [...(await probes('/livez')), ...(await probes('/readyz'))]
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
})

test('the documentation is counted for strangers, a page for ten of others', async () => {
  const board = await openTestBoard({ change: { requestsPerSecond: 1 } })
  for (const path of ['/docs', '/docs/problems', '/openapi.json']) {
    const answers = await Promise.all(Array.from({ length: 9 }, () => fetch(board.url + path)))
    expect([path, answers.some(({ status }) => status === 429)]).toEqual([path, true])
  }
})

test('wrong keys are refused before the database is asked, and a right one beside them is not', async () => {
  const { database } = await openTestBoard()
  const lookups = { times: 0 }
  const system = counting(database.system, lookups)
  const board = await openTestBoard({ change: { database: { ...database, system }, requestsPerSecond: 5 } })
  const right = await keyHeaders({ ...board, database }, 'viewer')
  expect((await fetch(`${board.url}/api/jobs`, { headers: right })).status).toBe(200)
  lookups.times = 0
  const wrong = Array.from({ length: 300 }, (_, index) => ({
    Authorization: `Bearer dbk_${String(index).padStart(43, 'x')}`,
  }))
  const answers = await Promise.all(wrong.map((headers) => fetch(`${board.url}/api/jobs`, { headers })))
  expect((await fetch(`${board.url}/api/jobs`, { headers: right })).status).toBe(200)
  expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(0)
  expect(lookups.times).toBeLessThanOrEqual(1 + answers.filter(({ status }) => status === 401).length)
})

/** The same handle, which counts how often keys are looked up. */
function counting(database: SystemDatabase, lookups: { times: number }): SystemDatabase {
  return new Proxy(database, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...given: unknown[]) => {
        if (name === 'selectFrom' && given[0] === 'api_keys') lookups.times += 1
        return value.apply(target, given) as unknown
      }
    },
  })
}
