import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { hashPassword, NOBODYS_HASH, verifyPassword } from '../../../src/people/passwords.ts'
import { createKey, createUser, revokeKey, setPassword } from '../../../src/people/people.ts'
import { systemClock } from '../../../src/time.ts'
import { given } from '../../support/given.ts'
import { BROWSER, OPERATOR, openTestBoard, PASSWORD, sendSignIn, signIn } from '../../support/test-board.ts'

let offset = Temporal.Duration.from({ hours: 0 })
const board = await openTestBoard({ change: { clock: () => systemClock().add(offset), sessionTtlHours: 12 } })
const db = board.database.system
await given.client(db, { id: 'acme' })

async function addUser(email: string): Promise<string> {
  const user = { email, name: email, role: 'viewer', clientId: null, password: PASSWORD } as const
  return (await createUser(db, user, OPERATOR)).id
}

test('the right password opens a session whose cookie no script can read and whose token no table shows', async () => {
  await addUser('ann@example.com')
  const { response } = await sendSignIn(board, { email: ' Ann@Example.com ', password: PASSWORD, next: '/runs' })
  expect([response.status, response.headers.get('Location')]).toEqual([303, '/runs'])
  const cookie = response.headers.getSetCookie().find((line) => line.startsWith('daybreak-session=')) ?? ''
  expect(cookie.replace(/=[\w-]{43};/, '=TOKEN;').replace(/Expires=[^;]+; /, '')).toBe(
    'daybreak-session=TOKEN; Max-Age=43200; Path=/; HttpOnly; SameSite=Lax',
  )
  const token = /=([\w-]{43});/.exec(cookie)?.[1] ?? ''
  const { rows } = await board.database.queuePool.query('select * from public.sessions')
  expect(JSON.stringify(rows)).not.toContain(token)
})

test('over https the cookie is kept to the host and to https by the browser itself', async () => {
  const secure = await openTestBoard({ change: { publicUrl: 'https://board.example' } })
  await createUser(
    secure.database.system,
    { email: 'a@example.com', name: 'A', role: 'viewer', clientId: null, password: PASSWORD },
    OPERATOR,
  )
  const { response } = await sendSignIn(secure, { email: 'a@example.com', password: PASSWORD })
  const cookie = response.headers.getSetCookie().find((line) => line.startsWith('__Host-daybreak-session=')) ?? ''
  expect(cookie).toMatch(/; Path=\/; .*HttpOnly; Secure; SameSite=Lax$/)
  expect(response.headers.get('Strict-Transport-Security')).toContain('max-age')
})

test('a wrong password and an unknown person get the same answer in about the same time', async () => {
  await addUser('known@example.com')
  const answers: [number, string][] = []
  const took: Record<string, number[]> = { 'known@example.com': [], 'unknown@example.com': [] }
  let hashing = Number.POSITIVE_INFINITY
  for (let round = 0; round < 4; round += 1) {
    const began = performance.now()
    await verifyPassword('wrong', NOBODYS_HASH)
    hashing = Math.min(hashing, performance.now() - began)
    for (const email of Object.keys(took)) {
      const began = performance.now()
      const { response } = await sendSignIn(board, { email, password: 'wrong' })
      took[email]?.push(performance.now() - began)
      answers.push([
        response.status,
        (await response.text()).replaceAll(email, 'EMAIL').replace(/value="[\w-]{43}"/, ''),
      ])
    }
  }
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
  expect(answers[0]?.[0]).toBe(401)
  // Hashing is most of it, for both: without it the unknown would answer in a few milliseconds.
  for (const [email, times] of Object.entries(took)) expect(Math.min(...times), email).toBeGreaterThan(hashing / 2)
})

test('after five wrong passwords from one address even the right one must wait', async () => {
  await addUser('eve@example.com')
  for (let attempt = 0; attempt < 5; attempt += 1) {
    expect((await sendSignIn(board, { email: 'eve@example.com', password: 'wrong' })).response.status).toBe(401)
  }
  const { response } = await sendSignIn(board, { email: 'eve@example.com', password: PASSWORD })
  expect([response.status, Number(response.headers.get('Retry-After')) > 60]).toEqual([429, true])
  const { rows } = await board.database.queuePool.query('select key from public.sign_in_failures')
  expect(JSON.stringify(rows)).not.toContain('eve@')
})

test('a hundred guesses at once are not a hundred guesses', async () => {
  await addUser('mallory@example.com')
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => sendSignIn(board, { email: 'mallory@example.com', password: 'wrong' })),
  )
  const statuses = answers.map(({ response }) => response.status)
  expect([
    statuses.filter((status) => status === 401).length,
    statuses.filter((status) => status === 429).length,
  ]).toEqual([5, 25])
})

test('the sign-in form of another site signs nobody in', async () => {
  await addUser('carl@example.com')
  const response = await fetch(`${board.url}/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ csrf: 'guess', email: 'carl@example.com', password: PASSWORD, next: '' }),
  })
  expect([response.status, response.headers.getSetCookie()]).toEqual([403, []])
})

test('nobody is sent to another site after signing in', async () => {
  await addUser('dora@example.com')
  const { response } = await sendSignIn(board, {
    email: 'dora@example.com',
    password: PASSWORD,
    next: '//evil.example',
  })
  expect(response.headers.get('Location')).toBe('/')
})

test.each(['//evil.example', '//board/x', '/\\evil.example', 'https://evil.example', '/\t/evil.example'])(
  'after signing in, %s is no address of ours',
  async (next) => {
    const email = `next-${Buffer.from(next).toString('hex')}@example.com`
    await addUser(email)
    const { response } = await sendSignIn(board, { email, password: PASSWORD, next })
    expect([response.status, response.headers.get('Location')]).toEqual([303, '/'])
  },
)

test('an address or a form that nobody meant to send is no failure of ours', async () => {
  const person = await signIn(board, 'operator')
  const twice = (path: string) =>
    fetch(board.url + path, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams([
        ['csrf', person.csrf],
        ['csrf', person.csrf],
      ]),
      headers: { Cookie: person.cookie, Accept: BROWSER },
    })
  const statuses = await Promise.all([
    ...['constructor', '__proto__', 'toString'].map((name) => fetch(`${board.url}/docs?notice=${name}`)),
    fetch(`${board.url}/sign-out`, { method: 'POST', redirect: 'manual' }),
    twice('/runs/00000000-0000-4000-8000-000000000001/retry'),
    person.get('//'),
  ])
  expect(statuses.map(({ status }) => status)).toEqual([200, 200, 200, 303, 422, 200])
})

test('a session ends when its time is over', async () => {
  const person = await signIn(board, 'viewer')
  expect((await person.get('/')).status).toBe(200)
  offset = Temporal.Duration.from({ hours: 11, minutes: 59 })
  expect((await person.get('/')).status).toBe(200)
  offset = Temporal.Duration.from({ hours: 12, minutes: 1 })
  expect((await person.get('/')).status).toBe(303)
  offset = Temporal.Duration.from({ hours: 0 })
})

test('a session ends with signing out, a new password, or a disabled account', async () => {
  const [leaver, changed, disabled] = [
    await signIn(board, 'viewer'),
    await signIn(board, 'viewer'),
    await signIn(board, 'viewer'),
  ]
  const answer = await leaver.submit('/sign-out')
  expect([answer.status, answer.headers.get('Location')]).toEqual([303, '/sign-in?notice=signed-out'])
  await setPassword(db, { email: changed.email, password: 'another good one' }, OPERATOR)
  await db
    .updateTable('users')
    .set({ disabled_at: '2026-01-01T00:00:00Z' })
    .where('email', '=', disabled.email)
    .execute()
  const statuses = await Promise.all([leaver, changed, disabled].map(async (person) => (await person.get('/')).status))
  expect(statuses).toEqual([303, 303, 303])
})

test('a write needs the token of its session and must come from our own pages', async () => {
  const person = await signIn(board, 'operator')
  const run = '/runs/00000000-0000-4000-8000-000000000001/retry'
  const status = async (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    (await person.submit(run, fields, headers)).status
  // 404: past the check, there is no such run.
  expect(await status({})).toBe(404)
  expect(await status({}, { Origin: board.url, 'Sec-Fetch-Site': 'same-origin' })).toBe(404)
  expect(await status({ csrf: '' })).toBe(403)
  expect(await status({ csrf: 'x'.repeat(43) })).toBe(403)
  expect(await status({}, { Origin: 'https://evil.example' })).toBe(403)
  expect(await status({}, { Origin: 'null' })).toBe(403)
  expect(await status({}, { Origin: board.url.replace('http:', 'https:') })).toBe(403)
  expect(await status({}, { 'Sec-Fetch-Site': 'cross-site' })).toBe(403)
  expect(await status({}, { 'Sec-Fetch-Site': 'same-site' })).toBe(403)
  const api = async (headers: Record<string, string>) => (await person.post(`/api${run}`, {}, headers)).status
  expect(await api({})).toBe(404)
  expect(await api({ 'X-CSRF-Token': '' })).toBe(403)
})

test('a form of a browser cannot be mistaken for a request of a program', async () => {
  const person = await signIn(board, 'operator')
  const response = await person.post(
    '/api/runs/00000000-0000-4000-8000-000000000001/retry',
    {},
    { 'Content-Type': 'text/plain' },
  )
  expect(response.status).toBe(415)
})

test('a key works until it expires or is revoked, and a wrong one is told so whatever the cookie says', async () => {
  const person = await signIn(board, 'admin')
  const expiresAt = systemClock().add({ hours: 1 })
  const { key, id } = await createKey(db, { name: 'cron', role: 'viewer', clientId: null, expiresAt }, OPERATOR)
  const ask = async (authorization: string) =>
    (await fetch(`${board.url}/api/runs`, { headers: { Authorization: authorization, Cookie: person.cookie } })).status
  expect(await ask(`Bearer ${key}`)).toBe(200)
  offset = Temporal.Duration.from({ hours: 2 })
  expect(await ask(`Bearer ${key}`)).toBe(401)
  offset = Temporal.Duration.from({ hours: 0 })
  await revokeKey(db, id, OPERATOR)
  expect(await ask(`Bearer ${key}`)).toBe(401)
  expect(await ask('Bearer dbk_nonsense')).toBe(401)
  expect(await ask('Basic YTpi')).toBe(401)
  const { rows } = await board.database.queuePool.query('select * from public.api_keys')
  expect(JSON.stringify(rows)).not.toContain(key)
})

test('what people and keys are changed by the command line is on record', async () => {
  const entries = await db
    .selectFrom('analytics_audit_log')
    .select(['actor_kind', 'action'])
    .distinct()
    .where('action', 'in', ['create-user', 'set-password', 'create-key', 'revoke-key'])
    .orderBy('action')
    .execute()
  expect(entries.map(({ actor_kind, action }) => `${actor_kind} ${action}`)).toEqual([
    'command-line create-key',
    'command-line create-user',
    'command-line revoke-key',
    'command-line set-password',
  ])
})

test.each([
  ['a short password', { password: 'short' }, 'weak-password'],
  ['no address', { email: 'nobody' }, 'invalid-email'],
  ['an address that is taken', { email: 'TAKEN@example.com' }, 'email-taken'],
  ['a client that does not exist', { clientId: 'nowhere' }, 'no-such-client'],
])('nobody is added with %s', async (_rule, change, code) => {
  const user = { email: 'taken@example.com', name: 'A', role: 'viewer', clientId: null, password: PASSWORD } as const
  await createUser(db, user, OPERATOR).catch(() => {})
  await expect(createUser(db, { ...user, email: 'fresh@example.com', ...change }, OPERATOR)).rejects.toMatchObject({
    code,
  })
})

test('the sign-in page is a page that a browser and a screen reader can use', async () => {
  const page = await (await fetch(`${board.url}/sign-in`, { headers: { Accept: BROWSER } })).text()
  expect(page).toContain('<html lang="en">')
  expect(page).toContain('autocomplete="current-password"')
})

test('who is checked while their password changes gets no session', async () => {
  const email = 'changed@example.com'
  await addUser(email)
  let answered: Promise<{ response: Response }> | undefined
  await board.database.system.transaction().execute(async (tx) => {
    const { id } = await tx
      .updateTable('users')
      .set({ password_hash: await hashPassword('another correct horse') })
      .where('email', '=', email)
      .returning('id')
      .executeTakeFirstOrThrow()
    await tx.deleteFrom('sessions').where('user_id', '=', id).execute()
    answered = sendSignIn(board, { email, password: PASSWORD })
    // Either it has come in on the old password by then, or it waits for us.
    await Promise.race([answered, sleep(2000)])
  })
  expect((await answered)?.response.status).toBe(401)
  const sessions = board.database.system.selectFrom('sessions').innerJoin('users', 'users.id', 'sessions.user_id')
  expect(await sessions.select('users.id').where('email', '=', email).execute()).toEqual([])
})
