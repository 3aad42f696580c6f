import { afterAll, beforeAll, expect, test } from 'vitest'
import { readClientAccess } from '../../src/db/client-login.ts'
import { openDatabase } from '../../src/db/database.ts'
import { migrate } from '../../src/db/migrate.ts'
import { createLog } from '../../src/log.ts'
import { type Pooler, startPgBouncer } from '../support/pgbouncer.ts'
import { asOwner } from '../support/postgres.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { url, database } = await createTestDatabase()
const started: Pooler[] = []
let client = ''

beforeAll(async () => {
  client = (await asOwner(url, (connection) => readClientAccess(connection, url, undefined))).url
  const clients = ['acme', 'blue'].map((id) => ({ id, name: id, time_zone: 'UTC', currency: 'EUR' }))
  await database.system.insertInto('clients').values(clients).execute()
})

afterAll(async () => {
  for (const pooler of started) await pooler.stop()
})

async function pooled(settings: Record<string, string>, others = [client]): Promise<string> {
  const pooler = await startPgBouncer({ owner: url, others }, settings)
  started.push(pooler)
  return pooler.url
}

const IGNORED = { ignore_startup_parameters: 'options,extra_float_digits' }

test.each([
  ['as it comes', {}],
  ['that ignores start-up options', IGNORED],
])('behind a pooler %s that leaves each connection its session, all is as without', async (_, settings) => {
  const behind = await pooled({ pool_mode: 'session', ...settings })
  expect(await migrate(behind)).toEqual([])
  const opened = openDatabase(behind, { max: 4, log: createLog('silent') })
  try {
    expect(await opened.forClient('acme').selectFrom('clients').select('id').execute()).toEqual([{ id: 'acme' }])
    expect(await opened.forClient('blue').selectFrom('clients').select('id').execute()).toEqual([{ id: 'blue' }])
    expect(await opened.system.selectFrom('clients').select('id').orderBy('id').execute()).toHaveLength(2)
    const { rows } = await opened.queuePool.query(
      "select current_setting('search_path') as path, current_setting('TimeZone') as zone, current_setting('synchronous_commit') as commit",
    )
    expect(rows).toEqual([{ path: 'bullmq', zone: 'UTC', commit: 'off' }])
  } finally {
    await opened.close()
  }
})

test.each([
  ['as it comes', {}],
  ['that ignores start-up options', IGNORED],
])('a pooler %s that pools by transaction is refused by name', async (_, settings) => {
  for (const pool_mode of ['transaction', 'statement']) {
    const refused = migrate(await pooled({ pool_mode, ...settings }))
    await expect(refused).rejects.toMatchObject({
      code: 'wrong-session',
      message: expect.stringMatching(/pool_mode = session/),
    })
  }
})

test('a pooler that does not know the role for clients is named, with what to do', async () => {
  await expect(migrate(await pooled({ pool_mode: 'session' }, []))).rejects.toMatchObject({
    code: 'no-database',
    message: expect.stringMatching(
      /^Work for one client cannot sign in .* daybreak_client_\w{12} .*DATABASE_CLIENT_URL/,
    ),
  })
})

test('a pooler that refuses what the address asks for is named', async () => {
  const behind = await pooled({ pool_mode: 'session' })
  await expect(migrate(`${behind}?options=-c%20work_mem%3D8MB`)).rejects.toMatchObject({
    code: 'no-database',
    message: expect.stringMatching(/^A pooler .*refuses .*options.*take it out/),
  })
})
