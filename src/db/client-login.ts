import { createHash, randomBytes } from 'node:crypto'
import type pg from 'pg'
import { InputError, messageOf } from '../errors.ts'
import { scramVerifier } from './scram.ts'

/** How work for one client signs in, and what the session's claim to work for one is proven with. */
export type ClientAccess = { url: string; secret: Buffer }

/** One role for each database: roles are the server's, and another database's password is nobody's business. */
export function clientRole(database: string): string {
  return `daybreak_client_${createHash('sha256').update(database).digest('hex').slice(0, 12)}`
}

/** The same in SQL. */
const ROLE = `'daybreak_client_' || left(encode(sha256(convert_to(current_database(), 'UTF8')), 'hex'), 12)`

const PASSWORD_BYTES = 24

/**
 * Makes the role in which work for one client signs in to this database, or sees that it is as it was. Its password
 * stays the same for all processes and versions, in a table that only the owner reads. Whoever calls it holds migrate's
 * lock.
 */
export async function ensureClientLogin(connection: pg.ClientBase): Promise<void> {
  const [login] = await query<{ role: string; exists: boolean; password: string | null }>(
    connection,
    `select n.role, exists (select from pg_roles where rolname = n.role) as "exists", l.password
     from (select ${ROLE} as role) n left join client_logins l using (role)`,
  )
  if (login === undefined) throw new Error('a select without a from has a row')
  const { role, exists } = login
  const isKept = exists && login.password !== null
  const password =
    isKept && login.password !== null ? login.password : randomBytes(PASSWORD_BYTES).toString('base64url')
  await connection.query('begin')
  try {
    if (!exists) await connection.query(`create role ${role}`)
    // Set again where it is kept: a backup that was brought back has the password of its time.
    await connection.query(`alter role ${role} login inherit password '${scramVerifier(password)}'`)
    // A role may change its own password and settings: what somebody did to it ends here.
    await connection.query(`alter role ${role} reset all`)
    await grantMemberships(connection, role)
    // A copy of a database knows the password of the one it was made from, which is none of its business.
    await connection.query('delete from client_logins where role <> $1', [role])
    if (!isKept)
      await connection.query(
        'insert into client_logins (role, password) values ($1, $2) on conflict (role) do update set password = excluded.password',
        [role, password],
      )
    await connection.query('commit')
  } catch (error) {
    await connection.query('rollback')
    throw new InputError(
      'no-client-login',
      `The role ${role}, in which work for one client signs in, cannot be made: ${messageOf(error)}. As superuser: alter role … createrole; ` +
        'grant daybreak_client to … with admin option; or set DATABASE_CLIENT_URL to a role made by hand (docs/runbook.md).',
    )
  }
}

async function grantMemberships(connection: pg.ClientBase, role: string): Promise<void> {
  const [member] = await query<{ client: boolean; owner: boolean }>(
    connection,
    `select pg_has_role($1, 'daybreak_client', 'usage') as client, pg_has_role(current_user, $1, 'usage') as owner`,
    [role],
  )
  if (member?.client !== true) await connection.query(`grant daybreak_client to ${role}`)
  // So that the owner may end sessions of it that fell silent (pulse.ts).
  if (member?.owner !== true) await connection.query(`grant ${role} to current_user`)
}

/** Temporary tables are for those who import; nobody else makes anything in this database. */
export async function limitTemporaryTables(connection: pg.ClientBase): Promise<void> {
  await connection.query(`do $$ begin
    if has_database_privilege('public', current_database(), 'temporary') then
      execute format('revoke temporary on database %I from public', current_database());
    end if;
    if not has_database_privilege('daybreak_client', current_database(), 'temporary') then
      execute format('grant temporary on database %I to daybreak_client', current_database());
    end if;
  end $$`)
}

/**
 * What `ensureClientLogin` has made, read as owner. `clientUrl`: a role that was made by hand. Throws
 * InputError('no-client-login').
 */
export async function readClientAccess(
  connection: { query(text: string): Promise<pg.QueryResult> },
  url: string,
  clientUrl: string | undefined,
): Promise<ClientAccess> {
  const { rows } = await connection.query(
    `select secret, l.role, l.password from client_proofs left join client_logins l on l.role = ${ROLE}`,
  )
  const [found] = rows as { secret: Buffer; role: string | null; password: string | null }[]
  if (found !== undefined && clientUrl !== undefined) return { url: clientUrl, secret: found.secret }
  if (found === undefined || found.role === null || found.password === null)
    throw new InputError(
      'no-client-login',
      'This database has no role for work for one client yet. Run: daybreak migrate',
    )
  return { url: addressAs(url, { user: found.role, password: found.password }), secret: found.secret }
}

/**
 * The same address for somebody else. One of a socket (`postgres:///name?host=/run/…`) says in its query who signs in.
 */
export function addressAs(url: string, { user, password }: { user: string; password: string }): string {
  const own = new URL(url)
  for (const name of ['user', 'password']) own.searchParams.delete(name)
  if (own.hostname === '') {
    own.searchParams.set('user', user)
    own.searchParams.set('password', password)
    return own.href
  }
  own.username = user
  own.password = password
  return own.href
}

/**
 * What current_client() in the database works out too: that whoever names the client in this session knows the secret.
 */
export function proofOf({ secret }: ClientAccess, pid: number, clientId: string): string {
  const inner = createHash('sha256').update(secret).update(`${pid}.${clientId}`).digest()
  return createHash('sha256').update(secret).update(inner).digest('hex')
}

async function query<Row>(connection: pg.ClientBase, text: string, values: unknown[] = []): Promise<Row[]> {
  return (await connection.query(text, values)).rows as Row[]
}
