import { expect, test } from 'vitest'
import { createFailureRecord } from '../../src/people/failed-sign-ins.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system

test('a flood of strangers fills the record no faster than sixty and one rows a minute, and none is lost', async () => {
  const fail = createFailureRecord(db)
  const addresses = Array.from({ length: 100 }, (_, n) => `192.0.2.${n}`)
  for (const ip of [...addresses, ...addresses]) await fail({ user: null, ip })
  const rows = await db.selectFrom('analytics_audit_log').select(['target', 'ip', 'times', 'minute_at']).execute()
  // Twice as many, where a minute ended meanwhile.
  expect(rows.length).toBeLessThanOrEqual(61 * new Set(rows.map(({ minute_at }) => minute_at)).size)
  expect(rows.reduce((sum, { times }) => sum + times, 0)).toBe(200)
  expect(rows.filter(({ ip }) => ip === null).reduce((sum, { times }) => sum + times, 0)).toBe(80)
  expect(new Set(rows.map(({ target }) => target))).toEqual(new Set(['sign-in']))
})

test('addresses of one network are one row, under the first of them', async () => {
  await db.deleteFrom('analytics_audit_log').execute()
  const fail = createFailureRecord(db)
  for (const ip of ['2001:db8:7:7::1', '2001:db8:7:7::2']) await fail({ user: null, ip })
  const rows = await db.selectFrom('analytics_audit_log').select(['ip', 'times']).execute()
  expect(new Set(rows.map(({ ip }) => ip))).toEqual(new Set(['2001:db8:7:7::1']))
  expect(rows.reduce((sum, { times }) => sum + times, 0)).toBe(2)
})
