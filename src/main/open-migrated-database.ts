import { join } from 'node:path'
import type { Config } from '../config.ts'
import { type Database, openDatabase } from '../db/database.ts'
import { startEmbeddedServer } from '../db/embedded-server.ts'
import { migrate } from '../db/migrate.ts'
import type { Log } from '../log.ts'
import { makeDataFolder } from './make-data-folder.ts'

/** The database alone, migrated: for commands that only read or write rows. */
export async function openMigratedDatabase(
  config: Config,
  log: Log,
): Promise<{ database: Database; url: string; close(): Promise<void> }> {
  await makeDataFolder(config.DATA_DIR)
  const server = await openServer(config)
  try {
    await migrate(server.url, config.DATABASE_CLIENT_URL)
  } catch (error) {
    await server.release()
    throw error
  }
  const database = openDatabase(server.url, {
    max: config.DATABASE_POOL_MAX,
    clientUrl: config.DATABASE_CLIENT_URL,
    log,
  })
  return {
    database,
    url: server.url,
    async close() {
      await database.close()
      await server.release()
    },
  }
}

async function openServer(config: Config): Promise<{ url: string; release(): Promise<void> }> {
  if (config.DATABASE_URL !== undefined) return { url: config.DATABASE_URL, release: async () => {} }
  return startEmbeddedServer({ folder: join(config.DATA_DIR, 'postgres'), port: config.DATABASE_PORT })
}
