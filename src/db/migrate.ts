import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { InputError, messageOf } from '../errors.ts'

const FOLDER = join(import.meta.dirname, 'migrations')

/** Any number will do, as long as nobody else takes the same one. */
const LOCK_ID = 7_203_114

/**
 * Brings the schema up to date: every file of migrations/ in the order of its number, each in one transaction, once.
 * Any number of processes may start at the same moment. Returns the names of what was applied.
 */
export async function migrate(url: string): Promise<string[]> {
  const connection = new pg.Client({ connectionString: url, application_name: 'daybreak-migrate' })
  await connection.connect().catch((error: unknown) => {
    throw new InputError(
      'no-database',
      `The database cannot be reached (${messageOf(error)}). Is DATABASE_URL right and the server up?`,
    )
  })
  try {
    await refuseOldServer(connection)
    await connection.query('select pg_advisory_lock($1)', [LOCK_ID])
    return await applyMissing(connection)
  } finally {
    await connection.end()
  }
}

/** Names of the migrations this version ships that the database lacks. */
async function missingMigrations(connection: pg.ClientBase): Promise<string[]> {
  const { rows } = await connection.query<{ name: string }>('select name from migrations')
  const applied = new Set(rows.map((row) => row.name))
  return (await migrationFiles()).filter((name) => !applied.has(name))
}

async function migrationFiles(): Promise<string[]> {
  return (await readdir(FOLDER)).filter((name) => name.endsWith('.sql')).sort()
}

async function refuseOldServer(connection: pg.Client): Promise<void> {
  const { rows } = await connection.query<{ server_version_num: string }>('show server_version_num')
  const version = Number(rows[0]?.server_version_num)
  if (version < 150_000)
    throw new InputError('old-postgres', `PostgreSQL 15 or newer is needed; the server is ${version / 10_000}.`)
}

async function applyMissing(connection: pg.Client): Promise<string[]> {
  await connection.query(
    'create table if not exists migrations (name text primary key, applied_at timestamptz not null default now())',
  )
  const missing = await missingMigrations(connection)
  for (const name of missing) {
    const sql = await readFile(join(FOLDER, name), 'utf8')
    await connection.query('begin')
    try {
      await connection.query(sql)
      await connection.query('insert into migrations (name) values ($1)', [name])
      await connection.query('commit')
    } catch (error) {
      await connection.query('rollback')
      throw new Error(`migration ${name} failed: ${messageOf(error)}`, { cause: error })
    }
  }
  return missing
}
