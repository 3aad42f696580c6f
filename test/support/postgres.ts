import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startEmbeddedServer } from '../../src/db/embedded-server.ts'
import { migrate } from '../../src/db/migrate.ts'

const MIGRATIONS_FOLDER = join(import.meta.dirname, '../../src/db/migrations')

/** A crash of the machine may cost the tests their data, so that nothing waits for the disk. */
const FAST_AND_LOOSE = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']

/** Two runs that share a server must not make the same template at once. Any number that is not migrate's. */
const TEMPLATE_LOCK_ID = 7_203_115

export type PostgresServer = { url: string; stop(): Promise<void> }

/** Starts a PostgreSQL of our own in a temporary folder. */
export async function startPostgres(): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'daybreak-postgres-'))
  const server = await startEmbeddedServer({ folder, port: 0, settings: FAST_AND_LOOSE })
  return {
    url: server.url,
    async stop() {
      // It stops only when nobody uses it, and a test that failed may have left a program behind that does.
      await asOwner(server.url, async (connection) => {
        await connection.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
        )
      })
      await server.release()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Makes the migrated database that test databases are cloned from, once per state of the migrations; returns its name. */
export async function ensureTemplate(serverUrl: string): Promise<string> {
  const template = `daybreak_template_${await migrationsHash()}`
  await asOwner(serverUrl, async (connection) => {
    await connection.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK_ID])
    const { rowCount } = await connection.query('select from pg_database where datname = $1 and datistemplate', [
      template,
    ])
    if (rowCount !== 0) return
    await connection.query(`drop database if exists ${template} with (force)`)
    await connection.query(`create database ${template}`)
    await migrate(databaseUrl(serverUrl, template))
    // Only a whole one carries the mark, so that a run killed half-way leaves none that others trust.
    await connection.query(`alter database ${template} with is_template true`)
  })
  return template
}

/** The address of another database of the same server. */
export function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

async function migrationsHash(): Promise<string> {
  const hash = createHash('sha256')
  const names = (await readdir(MIGRATIONS_FOLDER)).sort()
  for (const name of names) hash.update(name).update(await readFile(join(MIGRATIONS_FOLDER, name)))
  return hash.digest('hex').slice(0, 12)
}

/** One short-lived connection. */
export async function asOwner<T>(url: string, use: (connection: pg.Client) => Promise<T>): Promise<T> {
  const connection = new pg.Client({ connectionString: url })
  await connection.connect()
  try {
    return await use(connection)
  } finally {
    await connection.end()
  }
}
