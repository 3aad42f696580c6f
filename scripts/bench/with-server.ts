import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, openDatabase } from '../../src/db/database.ts'
import { startEmbeddedServer } from '../../src/db/embedded-server.ts'
import { migrate } from '../../src/db/migrate.ts'
import { createLog, type Log } from '../../src/log.ts'
import { asOwner } from '../../test/support/postgres.ts'

/**
 * The migrated embedded server of a bench, a pool of it, and a folder for its files. `adminUrl` is the same database
 * for its superuser.
 */
export type BenchServer = { url: string; adminUrl: string; database: Database; folder: string; log: Log }

/** Measures on a server of its own that is gone afterwards, or on that of a folder, which is kept. */
export async function withServer<T>(
  { connections, kept }: { connections: number; kept?: string | undefined },
  work: (server: BenchServer) => Promise<T>,
): Promise<T> {
  const folder = kept ?? (await mkdtemp(join(tmpdir(), 'daybreak-bench-')))
  const log = createLog('error')
  const server = await startEmbeddedServer({ folder: join(folder, 'postgres'), port: 0 })
  try {
    // Benches fill tables past their triggers, which the program's owner may not.
    await asOwner(server.adminUrl, (connection) =>
      connection.query('grant set on parameter session_replication_role to daybreak; grant pg_checkpoint to daybreak'),
    )
    await migrate(server.url)
    const database = openDatabase(server.url, { max: connections, log })
    try {
      return await work({ url: server.url, adminUrl: server.adminUrl, database, folder, log })
    } finally {
      await database.close()
    }
  } finally {
    await server.release()
    if (kept === undefined) await rm(folder, { recursive: true, force: true })
  }
}
