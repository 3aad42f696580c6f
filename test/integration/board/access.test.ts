import { get } from 'node:http'
import { describe, expect, test } from 'vitest'
import { routes } from '../../../src/board/board.ts'
import type { Problem } from '../../../src/board/http/problem.ts'
import { mayUse, ROLES } from '../../../src/people/roles.ts'
import { given } from '../../support/given.ts'
import { BROWSER, givenExecution, keyHeaders, openTestBoard, signIn } from '../../support/test-board.ts'
import { testJob } from '../../support/test-engine.ts'

const board = await openTestBoard({ jobs: [testJob('work', async () => {})] })
await given.client(board.database.system, { id: 'acme' })
const executionId = await givenExecution(board, { clientId: 'acme' })

/** An address of each route that leads somewhere, where a visitor who is let in gets past the door. */
const PARTS: Record<string, string> = {
  ':id': executionId,
  ':executionId': executionId,
  ':format': 'csv',
  ':token': 'x'.repeat(32),
  ':index': '0',
}

function addressOf(path: string): string {
  const name = path.startsWith('/outbox') ? 'a.eml' : 'work'
  return path.replaceAll(/:\w+/g, (part) => PARTS[part] ?? name)
}

const WHO = [...ROLES, 'bound viewer', 'nobody'] as const
const headers = {
  admin: await keyHeaders(board, 'admin'),
  operator: await keyHeaders(board, 'operator'),
  viewer: await keyHeaders(board, 'viewer'),
  ingest: await keyHeaders(board, 'ingest'),
  finance: personHeaders(await signIn(board, 'finance')),
  supervisor: personHeaders(await signIn(board, 'supervisor')),
  'bound viewer': await keyHeaders(board, 'viewer', 'acme'),
  nobody: {},
}

function personHeaders({ cookie }: { cookie: string }): Record<string, string> {
  return { Cookie: cookie }
}

/** What happens at the door, whatever lies behind it. */
async function doorOf(method: string, path: string, who: (typeof WHO)[number]): Promise<'in' | 'out'> {
  const response = await fetch(board.url + addressOf(path), {
    method: method.toUpperCase(),
    redirect: 'manual',
    headers: { Accept: 'application/json', 'X-Forwarded-For': '203.0.113.9', ...headers[who] },
  })
  const isProblem = response.headers.get('Content-Type')?.includes('problem') === true
  const code = isProblem ? ((await response.json()) as Problem).code : ''
  return ['sign-in-needed', 'forbidden', 'other-client'].includes(code) ? 'out' : 'in'
}

describe('every route lets in the roles it declares and nobody else', () => {
  test.each(routes.map(({ method, path, role, scope }) => ({ method, path, role, scope })))(
    '$method $path is for $role',
    async ({ method, path, role, scope }) => {
      const open = role === 'public' || role === 'open'
      for (const who of WHO) {
        const known = ROLES.find((each) => each === who) ?? (who === 'bound viewer' ? 'viewer' : null)
        const allowed =
          open || (known !== null && mayUse(known, role) && (who !== 'bound viewer' || scope === 'client'))
        expect([who, await doorOf(method, path, who)]).toEqual([who, allowed ? 'in' : 'out'])
      }
    },
  )
})

test('a route that nobody declared is not there, for nobody', async () => {
  for (const path of ['/api/unknown', '/admin', '/queues/../etc', '/api/runs/../../etc', '/assets/x/y', '/.env']) {
    const response = await fetch(board.url + path, { headers: headers.admin })
    expect([path, response.status]).toEqual([path, 404])
  }
})

test('an address takes the methods it declares, and names them', async () => {
  const answers = await Promise.all(
    ['PUT', 'DELETE', 'PATCH', 'POST'].map((method) =>
      fetch(`${board.url}/api/runs`, { method, headers: headers.admin }),
    ),
  )
  expect(answers.map(({ status, headers }) => [status, headers.get('Allow')])).toEqual(
    Array.from({ length: 4 }, () => [405, 'GET, HEAD, OPTIONS']),
  )
  const options = await fetch(`${board.url}/api/runs/${executionId}/retry`, { method: 'OPTIONS' })
  expect([options.status, options.headers.get('Allow')]).toEqual([204, 'POST, OPTIONS'])
})

test('a stranger in front of a browser is led to the sign-in and back', async () => {
  const response = await fetch(`${board.url}/runs?state=failed`, { redirect: 'manual', headers: { Accept: BROWSER } })
  expect([response.status, response.headers.get('Location')]).toEqual([303, '/sign-in?next=%2Fruns%3Fstate%3Dfailed'])
})

test('metrics need a key, on the machine itself too, unless the setting opens them', async () => {
  const open = await openTestBoard({ change: { metricsWithoutKey: true } })
  const statuses = await Promise.all([board, open].map(async ({ url }) => (await fetch(`${url}/metrics`)).status))
  expect(statuses).toEqual([401, 200])
})

test.each([
  ['evil.example', 421],
  ['evil.example:80', 421],
  ['127.0.0.1@evil.example', 421],
  ['localhost', 200],
  ['127.0.0.1:8080', 200],
  ['[::1]:8080', 200],
  ['board.example', 200],
  ['BOARD.example:443', 200],
])('asked as %s it answers %s, and to probes in any case', async (host, status) => {
  const named = await openTestBoard({ change: { publicUrl: 'https://board.example' } })
  const ask = (path: string) => statusOf(named.url + path, host)
  expect([await ask('/sign-in'), await ask('/assets/fonts/none'), await ask('/livez'), await ask('/readyz')]).toEqual([
    status,
    status === 200 ? 404 : status,
    200,
    200,
  ])
})

test('who a visitor is comes from the proxies that are trusted, and from nobody else', async () => {
  const [trusting, other] = [
    await openTestBoard({ change: { requestsPerSecond: 1 } }),
    await openTestBoard({ change: { requestsPerSecond: 1, trustedProxies: ['192.0.2.1'] } }),
  ]
  const refusedAt = async ({ url }: typeof board) => {
    const answers = Array.from({ length: 30 }, (_, index) =>
      fetch(`${url}/sign-in`, { headers: { 'X-Forwarded-For': `203.0.113.${index}` } }),
    )
    return (await Promise.all(answers)).filter((each) => each.status === 429).length
  }
  expect([await refusedAt(trusting), (await refusedAt(other)) > 0]).toEqual([0, true])
})

test('one network of IPv6 is one stranger', async () => {
  const limited = await openTestBoard({ change: { requestsPerSecond: 1 } })
  const answers = Array.from({ length: 30 }, (_, index) =>
    fetch(`${limited.url}/sign-in`, { headers: { 'X-Forwarded-For': `2001:db8:1:2::${index}` } }),
  )
  expect((await Promise.all(answers)).filter((each) => each.status === 429).length).toBeGreaterThan(0)
})

function statusOf(url: string, host: string): Promise<number | undefined> {
  return new Promise((done, failed) => {
    get(url, { headers: { Host: host } }, (response) => done(response.resume().statusCode)).once('error', failed)
  })
}

test('every answer forbids scripts and frames of others, and is kept by no shared cache', async () => {
  const response = await fetch(`${board.url}/sign-in`)
  const policy = response.headers.get('Content-Security-Policy') ?? ''
  expect(policy.split(';').sort()).toEqual([
    "base-uri 'none'",
    "connect-src 'self'",
    "default-src 'none'",
    "font-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "frame-src 'self'",
    "img-src 'self' data:",
    "script-src 'self'",
    "style-src 'self'",
  ])
  expect([response.headers.get('X-Powered-By'), response.headers.get('Cache-Control')]).toEqual([null, 'no-store'])
  expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff')
})

test('what is the same for everybody may be kept for a year', async () => {
  const page = await (await fetch(`${board.url}/sign-in`)).text()
  const addresses = [...page.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, address]) => address ?? '')
  const fonts = await (await fetch(board.url + (addresses.find((each) => each.endsWith('fonts.css')) ?? ''))).text()
  const font = /url\((\/assets\/fonts\/noto-sans-latin-400-normal\.woff2)\)/.exec(fonts)?.[1] ?? ''
  for (const address of [...addresses, font]) {
    const response = await fetch(board.url + address)
    expect([address, response.status, response.headers.get('Cache-Control')]).toEqual([
      address,
      200,
      'public, max-age=31536000, immutable',
    ])
  }
})

test('an admin of one client reads the changes of that client only', async () => {
  const entry = { actor_kind: 'user', actor_id: '1', actor_name: 'Ann', target: 'run:1' } as const
  await board.database.system
    .insertInto('analytics_audit_log')
    .values([
      { ...entry, action: 'change-of-acme', client_id: 'acme' },
      { ...entry, action: 'change-of-other', client_id: 'other' },
      { ...entry, action: 'change-of-everything', client_id: null },
    ])
    .execute()
  const page = await (await (await signIn(board, 'admin', 'acme')).get('/audit')).text()
  expect(page.match(/Change of \w+/g)).toEqual(['Change of acme'])
})

test('the record comes in pages, and takes no other cursor than its own', async () => {
  const admin = await signIn(board, 'admin')
  const entry = { actor_kind: 'user', actor_id: '1', actor_name: 'Ada', action: 'paged', target: 'test' } as const
  const numbers = Array.from({ length: 60 }, (_, number) => number)
  await board.database.system
    .insertInto('analytics_audit_log')
    .values(numbers.map((number) => ({ ...entry, target: `page-test:${number}.` })))
    .execute()
  const shown: number[] = []
  let path: string | undefined = '/audit'
  for (let page = 0; path !== undefined && shown.length < numbers.length && page < 9; page += 1) {
    const text = await (await admin.get(path)).text()
    shown.push(...[...text.matchAll(/page-test:(\d+)\./g)].map(([, number]) => Number(number)))
    path = /href="(\/audit\?cursor=[\w-]+)"/.exec(text)?.[1]
  }
  expect(shown).toEqual(numbers.toReversed())
  expect((await admin.get('/audit?cursor=7')).status).toBe(400)
})
