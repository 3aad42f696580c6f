import pg from 'pg'
import { InputError, messageOf } from '../errors.ts'
import { SECOND_MS } from '../time.ts'
import { ensureClientLogin, limitTemporaryTables, readClientAccess } from './client-login.ts'
import { applySchemaFiles, readSchemaFiles } from './schema-files.ts'
import { bearSession, requireOwnSessions, type Session } from './session.ts'

/** Any number will do, as long as nobody else takes the same one. */
const LOCK_ID = 7_203_114

const CONNECT_TIMEOUT_MS = 10 * SECOND_MS

/**
 * Brings the schema up to date (schema-files.ts), and sees that work for one client can sign in, as a role made here or
 * by the address in `clientUrl`. Any number of processes may start at the same moment. Returns the paths of what was
 * applied. Throws InputError that says what is wrong with the server, the way to it, the roles or the schema that is
 * there.
 */
export async function migrate(url: string, clientUrl?: string): Promise<string[]> {
  return withConnection(url, 'owner', async (connection) => {
    await refuseOldServer(connection)
    await withConnection(url, 'owner', (other) => requireOwnSessions(connection, other))
    await connection.query('select pg_advisory_lock($1)', [LOCK_ID])
    const applied = await applySchemaFiles(connection, await readSchemaFiles())
    await limitTemporaryTables(connection)
    if (clientUrl === undefined) await ensureClientLogin(connection)
    const access = await readClientAccess(connection, url, clientUrl)
    // Nobody starts to work before the way that work will take has been tried.
    await withConnection(access.url, 'client', async () => {})
    return applied
  })
}

async function withConnection<T>(
  url: string,
  as: Session['as'],
  use: (connection: pg.Client) => Promise<T>,
): Promise<T> {
  const connection = new pg.Client({
    connectionString: url,
    application_name: 'daybreak-migrate',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  })
  // Whoever asks next hears of it.
  connection.on('error', () => {})
  await connection.connect().catch((error: unknown) => {
    throw new InputError('no-database', cannotConnect(error, url, as))
  })
  try {
    await bearSession(connection, { as })
    return await use(connection)
  } finally {
    await connection.end()
  }
}

function cannotConnect(error: unknown, url: string, as: Session['as']): string {
  const reason = messageOf(error)
  if (/unsupported startup parameter/.test(reason))
    return `A pooler before the database refuses what the address asks for (${reason}): take it out of the address.`
  if (as === 'client')
    return (
      `Work for one client cannot sign in to the database as ${new URL(url).username} (${reason}). Let that role in (pg_hba.conf, the users of a ` +
      'pooler), or set DATABASE_CLIENT_URL to one made by hand (docs/runbook.md).'
    )
  if (error instanceof pg.DatabaseError)
    return `The database refuses the connection (${reason}). See DATABASE_URL and the limits of its role.`
  return `The database cannot be reached (${reason}). Is DATABASE_URL right and the server up?`
}

async function refuseOldServer(connection: pg.Client): Promise<void> {
  const { rows } = await connection.query<{ server_version_num: string }>('show server_version_num')
  const version = Number(rows[0]?.server_version_num)
  if (version < 150_000)
    throw new InputError(
      'old-postgres',
      `PostgreSQL 15 or newer is needed; the server is ${Math.floor(version / 10_000)}.`,
    )
}
