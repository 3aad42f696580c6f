import { expect, test } from 'vitest'
import { NOBODYS_HASH, verifyPassword } from '../../../src/people/passwords.ts'
import { createUser, setDisabled, unlockUser } from '../../../src/people/people.ts'
import { issueDownloadLink, revokeDownloadLinks } from '../../../src/reports/deliver/links.ts'
import { given } from '../../support/given.ts'
import { givenExecution, OPERATOR, openTestBoard, PASSWORD, signIn } from '../../support/test-board.ts'

const board = await openTestBoard()
const db = board.database.system
await given.client(db, { id: 'acme' })

async function addUser(email: string): Promise<string> {
  const user = { email, name: email, role: 'viewer', clientId: null, password: PASSWORD } as const
  return (await createUser(db, user, OPERATOR)).id
}

/** Tries to sign in from an address, in a browser that may show a session already. */
function tryFrom(ip: string, email: string, password: string, session?: string): Promise<Response> {
  const form = 'f'.repeat(43)
  return fetch(`${board.url}/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ csrf: form, email, password, next: '' }),
    headers: { Cookie: `daybreak-form=${form}${session === undefined ? '' : `; ${session}`}`, 'X-Forwarded-For': ip },
  })
}

async function failures(): Promise<string[]> {
  return (await db.selectFrom('sign_in_failures').select('key').orderBy('key').execute()).map(({ key }) => key)
}

test('strangers that guess a password keep its person out nowhere they were before, and out elsewhere until unlocked', async () => {
  await addUser('ann@example.com')
  expect((await tryFrom('198.51.100.7', 'ann@example.com', PASSWORD)).status).toBe(303)
  for (let stranger = 0; stranger < 40; stranger += 1)
    await tryFrom(`203.0.113.${stranger}`, 'ann@example.com', 'wrong')
  // From her own address too.
  for (let guess = 0; guess < 6; guess += 1)
    await tryFrom('198.51.100.7', 'ann@example.com', guess < 5 ? 'wrong' : PASSWORD)
  const statuses = async () =>
    Promise.all(
      ['198.51.100.7', '198.51.100.8'].map(async (ip) => (await tryFrom(ip, 'ann@example.com', PASSWORD)).status),
    )
  expect(await statuses()).toEqual([303, 429])
  await unlockUser(db, 'ann@example.com', OPERATOR)
  expect(await statuses()).toEqual([303, 303])
})

test('an address that is refused leaves nothing about anybody, and what is over is swept away', async () => {
  await db.insertInto('sign_in_failures').values({ key: 'account:long-ago', points: 1, expire: 1000 }).execute()
  for (let guess = 0; guess < 60; guess += 1) await tryFrom('192.0.2.1', `nobody-${guess}@example.com`, 'wrong')
  const before = await failures()
  expect(before).not.toContain('account:long-ago')
  const refused = await tryFrom('192.0.2.1', 'somebody-else@example.com', 'wrong')
  expect([refused.status, await failures()]).toEqual([429, before])
})

test('one network of IPv6 is one address', async () => {
  await addUser('six@example.com')
  const answers: number[] = []
  for (let guess = 0; guess < 6; guess += 1) {
    answers.push((await tryFrom(`2001:db8:7:7::${guess}`, 'six@example.com', 'wrong')).status)
  }
  expect(answers).toEqual([401, 401, 401, 401, 401, 429])
})

test('failed sign-ins are on record, those of one account and address in a minute as one, and without the name that was tried', async () => {
  const id = await addUser('rec@example.com')
  for (let guess = 0; guess < 4; guess += 1) await tryFrom('192.0.2.20', 'rec@example.com', 'wrong')
  await tryFrom('192.0.2.21', 'hunter2@example.com', 'wrong')
  const entries = await db
    .selectFrom('analytics_audit_log')
    .select(['actor_kind', 'actor_name', 'target', 'after', 'ip'])
    .select(({ fn }) => fn.sum<number>('times').as('times'))
    .where('action', '=', 'fail-sign-in')
    .where('ip', 'in', ['192.0.2.20', '192.0.2.21'])
    .groupBy(['actor_kind', 'actor_name', 'target', 'after', 'ip'])
    .orderBy('ip')
    .execute()
  const stranger = { actor_kind: 'stranger', actor_name: 'stranger', after: null }
  expect(entries).toEqual([
    { ...stranger, target: `user:${id}`, ip: '192.0.2.20', times: 4 },
    { ...stranger, target: 'sign-in', ip: '192.0.2.21', times: 1 },
  ])
})

test('signing in again ends the session that the browser shows', async () => {
  const person = await signIn(board, 'viewer')
  await addUser('next@example.com')
  expect((await tryFrom('192.0.2.30', 'next@example.com', PASSWORD, person.cookie)).status).toBe(303)
  expect((await person.get('/')).status).toBe(303)
})

test('disabling a person ends their sessions, and enabling brings none back', async () => {
  const person = await signIn(board, 'viewer')
  const { email } = person
  await setDisabled(db, { email, isDisabled: true }, OPERATOR)
  expect((await tryFrom('192.0.2.40', email, PASSWORD)).status).toBe(401)
  await setDisabled(db, { email, isDisabled: false }, OPERATOR)
  expect((await person.get('/')).status).toBe(303)
  expect((await tryFrom('192.0.2.40', email, PASSWORD)).status).toBe(303)
  await expect(setDisabled(db, { email: 'no@example.com', isDisabled: true }, OPERATOR)).rejects.toMatchObject({
    code: 'no-such-user',
  })
})

test('a mailed link that is revoked leads nowhere, and so do all to its report', async () => {
  const executionId = await givenExecution(board, { clientId: 'acme' })
  const link = { clientId: 'acme', executionId, format: 'csv', deliveryId: null, ttlDays: 1 } as const
  const [one = '', two = '', three = ''] = await Promise.all(
    [1, 2, 3].map(() => issueDownloadLink(board.database.forClient('acme'), link)),
  )
  const statuses = () =>
    Promise.all([one, two, three].map(async (token) => (await fetch(`${board.url}/d/${token}`)).status))
  expect(await revokeDownloadLinks(db, { token: one })).toEqual([{ clientId: 'acme', executionId, revoked: 1 }])
  expect(await statuses()).toEqual([410, 200, 200])
  expect(await revokeDownloadLinks(db, { executionId })).toEqual([{ clientId: 'acme', executionId, revoked: 2 }])
  expect(await statuses()).toEqual([410, 410, 410])
  expect(await revokeDownloadLinks(db, { token: 'x'.repeat(32) })).toEqual([])
})

test('a try whose password nobody had the time to check counts against nobody', async () => {
  await addUser('bob@example.com')
  await db.deleteFrom('sign_in_failures').execute()
  const { status } = await tryUnderLoad('bob@example.com')
  expect(status).toBe(503)
  const counted = db.selectFrom('sign_in_failures').select(['key', 'points']).where('points', '>', 0)
  expect(await counted.execute()).toEqual([])
})

/** Tries with the right password while as many others are checked, and wait to be, as may be at once. */
async function tryUnderLoad(email: string): Promise<Response> {
  const others: Promise<unknown>[] = []
  // However fast the machine is, whoever is done has a next one behind them; those there is no place for are refused.
  const other = () => verifyPassword('wrong', NOBODYS_HASH).catch(() => null)
  const fill = () => others.push(...Array.from({ length: 22 }, other))
  const filling = setInterval(() => fill(), 1)
  fill()
  const answer = await tryFrom('198.18.0.1', email, PASSWORD)
  clearInterval(filling)
  await Promise.all(others)
  return answer
}
