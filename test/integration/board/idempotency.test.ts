import { beforeEach, expect, test } from 'vitest'
import { once } from '../../../src/board/http/idempotency.ts'
import { emptyDatabase } from '../../support/empty-database.ts'
import { createTestDatabase } from '../../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system
const NOON = Temporal.Instant.from('2026-03-01T12:00:00.123456789Z')
const asked = (now = NOON) => ({ actor: 'key:1', key: 'k', request: 'post /x {}', now })
const done = async () => ({ status: 200, reply: '{}', isKept: true })
const keys = () => db.selectFrom('idempotency_keys').select(['key', 'status', 'reply']).execute()

beforeEach(() => emptyDatabase(db))

test('what is done stays taken when its reply cannot be kept: the same request does not do it again', async () => {
  const away = new Proxy(db, {
    get: (target, name) => {
      if (name === 'updateTable') throw new Error('the database is away')
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function' ? (member.bind(target) as unknown) : member
    },
  })
  let times = 0
  const work = () => {
    times += 1
    return done()
  }
  await expect(once(away, asked(), work)).rejects.toThrow('the database is away')
  await expect(once(db, asked(), work)).rejects.toMatchObject({ code: 'idempotency-key-busy' })
  expect([times, await keys()]).toEqual([1, [{ key: 'k', status: null, reply: null }]])
})

test('a first request that fails late leaves the claim of the one that took it over', async () => {
  const later = NOON.add({ minutes: 3 })
  const slow = once(db, asked(), async () => {
    await expect(once(db, asked(later), () => Promise.reject(new Error('second')))).rejects.toThrow('second')
    await once(db, asked(later), done)
    throw new Error('first')
  })
  await expect(slow).rejects.toThrow('first')
  expect(await keys()).toEqual([{ key: 'k', status: 200, reply: '{}' }])
})

test('a failure is not kept: the same key may be tried again', async () => {
  await expect(once(db, asked(), () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await once(db, asked(), done)).toEqual({ status: 200, reply: '{}', replayed: false })
  expect(await once(db, asked(), done)).toEqual({ status: 200, reply: '{}', replayed: true })
})
