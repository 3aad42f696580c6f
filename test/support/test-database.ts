import { randomBytes } from 'node:crypto'
import { afterAll, inject } from 'vitest'
import { type Database, openDatabase } from '../../src/db/database.ts'
import { createLog } from '../../src/log.ts'
import { noteFilledTables } from './empty-database.ts'
import { cloneTemplate } from './postgres.ts'

export type TestDatabase = { url: string; database: Database }

/**
 * A migrated, empty database for one test file. Call it at the top of the file; it is dropped when the file is done.
 */
export async function createTestDatabase(options: { connectionsMax?: number } = {}): Promise<TestDatabase> {
  const serverUrl = inject('postgresUrl')
  const { url, drop } = await cloneTemplate(
    serverUrl,
    inject('postgresTemplate'),
    `daybreak_test_${randomBytes(6).toString('hex')}`,
  )
  const database = openDatabase(url, { max: options.connectionsMax ?? 8, log: createLog('silent') })
  afterAll(async () => {
    await database.close()
    await drop()
  })
  await noteFilledTables(database.system)
  return { url, database }
}
