import { randomBytes } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { clientRole, readClientAccess } from '../../src/db/client-login.ts'
import { openDatabase } from '../../src/db/database.ts'
import { migrate } from '../../src/db/migrate.ts'
import { createLog } from '../../src/log.ts'
import { asOwner } from '../support/postgres.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { url } = await createTestDatabase()
const role = clientRole(new URL(url).pathname.slice(1))
const made: string[] = []

afterAll(async () => {
  await asOwner(url, async (connection) => {
    for (const name of made) await connection.query(`drop role ${name}`)
  })
})

/** As an administrator would by hand. */
async function makeRole(rights: string): Promise<string> {
  const name = `daybreak_hand_${randomBytes(4).toString('hex')}`
  await asOwner(url, (connection) => connection.query(`create role ${name} login password 'x' ${rights}`))
  made.push(name)
  const address = new URL(url)
  address.username = name
  address.password = 'x'
  return address.href
}

const access = () => asOwner(url, (connection) => readClientAccess(connection, url, undefined))

test('any number of processes find one role with one password, which only the owner reads', async () => {
  const before = await access()
  await Promise.all([migrate(url), migrate(url), migrate(url)])
  expect(await access()).toEqual(before)
  expect(new URL(before.url).username).toBe(role)
})

test('what somebody has done to the role is undone by the next start', async () => {
  const { url: client } = await access()
  await asOwner(client, (connection) =>
    connection.query(`alter role ${role} password 'mine'; alter role ${role} set statement_timeout = '1ms'`),
  )
  await expect(asOwner(client, async () => {})).rejects.toThrow('password authentication failed')
  await migrate(url)
  const shown = await asOwner(client, (connection) => connection.query('show statement_timeout'))
  expect(shown.rows).toEqual([{ statement_timeout: '0' }])
})

test('a copy of the database under another name gets a role of its own', async () => {
  await asOwner(url, (connection) =>
    connection.query("update client_logins set role = 'daybreak_client_elsewhere' where role = $1", [role]),
  )
  await expect(access()).rejects.toMatchObject({
    code: 'no-client-login',
    message: expect.stringMatching(/daybreak migrate/),
  })
  await migrate(url)
  const { rows } = await asOwner(url, (connection) => connection.query('select role from client_logins'))
  expect(rows).toEqual([{ role }])
})

test('a role made by hand serves as well', async () => {
  const clientUrl = await makeRole('in role daybreak_client')
  expect(await migrate(url, clientUrl)).toEqual([])
  const database = openDatabase(url, { max: 4, clientUrl, log: createLog('silent') })
  try {
    await database.system
      .insertInto('clients')
      .values(['acme', 'blue'].map((id) => ({ id, name: id, time_zone: 'UTC', currency: 'EUR' })))
      .execute()
    expect(await database.forClient('acme').selectFrom('clients').select('id').execute()).toEqual([{ id: 'acme' }])
  } finally {
    await database.close()
  }
})

test.each([
  ['the owner', async () => url],
  ['one that may make roles', () => makeRole('createrole in role daybreak_client')],
  [
    'a member of some other role',
    async () => makeRole(`in role daybreak_client, ${new URL(await makeRole('')).username}`),
  ],
])('%s does not', async (_, find) => {
  const clientUrl = await find()
  await expect(migrate(url, clientUrl)).rejects.toMatchObject({
    code: 'wrong-session',
    message: expect.stringMatching(/DATABASE_CLIENT_URL must name a role/),
  })
  const database = openDatabase(url, { max: 4, clientUrl, log: createLog('silent') })
  try {
    await expect(database.forClient('acme').selectFrom('clients').select('id').execute()).rejects.toThrow(
      'who can see more than one client',
    )
  } finally {
    await database.close()
  }
})

test('a connection that is somebody else than who signed in is refused by name', async () => {
  const clientUrl = await makeRole('in role daybreak_client')
  const name = new URL(clientUrl).username
  await asOwner(url, (connection) => connection.query(`alter role ${name} set role = 'daybreak_client'`))
  await expect(migrate(url, clientUrl)).rejects.toMatchObject({
    code: 'wrong-session',
    message: expect.stringMatching(`signed in as ${name} and is daybreak_client`),
  })
})
