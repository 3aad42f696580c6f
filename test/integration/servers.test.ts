import { Redis } from 'ioredis'
import { expect, inject, test } from 'vitest'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()

test('a test database is migrated and empty', async () => {
  expect(await database.system.selectFrom('clients').selectAll().execute()).toEqual([])
})

test('redis answers and never evicts', async () => {
  const redis = new Redis(inject('redisUrl'))
  expect(await redis.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction'])
  redis.disconnect()
})
