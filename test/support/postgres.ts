import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { clientRole, ensureClientLogin, limitTemporaryTables } from '../../src/db/client-login.ts'
import { startEmbeddedServer } from '../../src/db/embedded-server.ts'
import { migrate } from '../../src/db/migrate.ts'
import { readSchemaFiles } from '../../src/db/schema-files.ts'
import { killTree, treeOf } from '../../src/queues/child/process-tree.ts'

/** A crash of the machine may cost the tests their data, so that nothing waits for the disk. */
const FAST_AND_LOOSE = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']

/** Two runs that share a server must not make the same template at once. Any number that is not migrate's. */
const TEMPLATE_LOCK_ID = 7_203_115

const KILL_LOOKS_MAX = 3600
const KILL_LOOK_MS = 25

export type PostgresServer = {
  url: string
  adminUrl: string
  /** Kills every process of it at once, as the kernel would; what it had committed is on disk when it is `durable`. */
  crash(): Promise<void>
  /** Starts it again after a crash, on the same port and folder. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** Starts a PostgreSQL of our own in a temporary folder. `durable`: for those who crash it. */
export async function startPostgres({ durable = false }: { durable?: boolean } = {}): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'daybreak-postgres-'))
  const settings = durable ? [] : FAST_AND_LOOSE
  const servers = [await startEmbeddedServer({ folder, port: 0, settings })]
  const { url = '', adminUrl = '' } = servers[0] ?? {}
  // They make databases of their own, and write past triggers; the program does neither.
  await asOwner(adminUrl, (connection) =>
    connection.query('alter role daybreak createdb; grant set on parameter session_replication_role to daybreak'),
  )
  return {
    url,
    adminUrl,
    crash: () => killServer(join(folder, 'data')),
    async restart() {
      servers.push(await startEmbeddedServer({ folder, port: Number(new URL(url).port), settings }))
    },
    async stop() {
      // It stops only when nobody uses it, and a test that failed may have left a program behind that does.
      await asOwner(adminUrl, async (connection) => {
        await connection.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
        )
      })
      for (const server of servers) await server.release()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function killServer(data: string): Promise<void> {
  const [pid] = (await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')
  const tree = treeOf(Number(pid))
  killTree(Number(pid))
  for (let look = 0; look < KILL_LOOKS_MAX && tree.some(holdsMemory); look += 1) await sleep(KILL_LOOK_MS)
}

/** Whether a process runs; one that is dead and that nobody has asked about yet has no command line any more. */
function holdsMemory(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== ''
  } catch {
    return false
  }
}

/** Makes the migrated database that test databases are cloned from, once per state of the schema; returns its name. */
export async function ensureTemplate(serverUrl: string): Promise<string> {
  const template = `daybreak_template_${await schemaHash()}`
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

/** Makes a database of its own from the template, with the role in which work for one client signs in to it. */
export async function cloneTemplate(
  serverUrl: string,
  template: string,
  name: string,
): Promise<{ url: string; drop(): Promise<void> }> {
  await asOwner(serverUrl, (connection) => connection.query(`create database ${name} template ${template}`))
  const url = databaseUrl(serverUrl, name)
  await asOwner(url, async (connection) => {
    await limitTemporaryTables(connection)
    await ensureClientLogin(connection)
  })
  return { url, drop: () => dropDatabase(serverUrl, name) }
}

async function dropDatabase(serverUrl: string, name: string): Promise<void> {
  await asOwner(serverUrl, async (connection) => {
    await dropByForce(connection, name)
    await connection.query(`drop role if exists ${clientRole(name)}`)
  })
}

const DROP_TRIES = 450
const DROP_AGAIN_MS = 200
/** Insufficient privilege. */
const NOT_ALLOWED = '42501'

/** Autovacuum works as superuser, which nobody else may interrupt: what it is at is soon done. */
async function dropByForce(connection: pg.Client, name: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await connection.query(`drop database if exists ${name} with (force)`)
      return
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || error.code !== NOT_ALLOWED || tries >= DROP_TRIES) throw error
      await sleep(DROP_AGAIN_MS)
    }
  }
}

/** The address of another database of the same server. */
export function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

async function schemaHash(): Promise<string> {
  const hash = createHash('sha256')
  for (const file of await readSchemaFiles()) hash.update(file.path).update(file.hash)
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
