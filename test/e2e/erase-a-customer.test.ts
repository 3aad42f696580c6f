import { afterAll, expect, test } from 'vitest'
import { findMentions } from '../../src/privacy/index.ts'
import { givenEveryFact } from '../support/every-fact.ts'
import { ACME, given } from '../support/given.ts'
import { makeDataFolder, runDaybreak } from '../support/program.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database, url } = await createTestDatabase()
const db = database.system
const data = await makeDataFolder()
afterAll(() => data.remove())

const ADA = 'ada-1815@example.com'
const erase = (...words: string[]) =>
  runDaybreak(['erase', '--client', ACME, ...words], { DATABASE_URL: url, DATA_DIR: data.path })

test('the command line counts first, then erases, proves it and says what it did; nowhere does it say the id', async () => {
  await given.client(db)
  await db.insertInto('customers').values({ client_id: ACME, id: ADA, name: 'Ada' }).execute()
  await givenEveryFact(db, { clientId: ACME, customerId: ADA, at: '2026-03-01T10:00:00Z', key: 'a' })
  const counted = await erase('--customer', ADA)
  expect(counted).toMatchObject({ code: 0, err: '' })
  expect(counted.out).toMatch(/payments +1\n/)
  expect(counted.out).toContain('Nothing was changed.')
  expect(await db.selectFrom('erasures').selectAll().execute()).toEqual([])
  const erased = await erase('--customer', ADA, '--yes')
  expect(erased).toMatchObject({ code: 0, err: '' })
  expect(erased.out).toMatch(/payments +1\n/)
  expect(erased.out).toContain('the id was found 0 times.')
  expect(counted.out + erased.out).not.toContain(ADA)
  expect(await findMentions(database, { clientId: ACME, customerId: ADA })).toEqual({ mentions: [], namesakes: [] })
  const entries = await db.selectFrom('analytics_audit_log').select(['action', 'target']).execute()
  expect(entries).toEqual([{ action: 'erase-customer', target: expect.stringMatching(/^erasure:/) }])
  const nobody = await erase('--customer', 'nobody', '--yes')
  expect(nobody).toMatchObject({ code: 1, err: expect.stringContaining('names a customer of this id') })
})
