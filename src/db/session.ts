import type pg from 'pg'
import { InputError } from '../errors.ts'
import { SECOND_MS } from '../time.ts'

/**
 * What every session needs. Set by a statement when it is born: poolers refuse or drop what is asked for while a
 * connection is made. The server is to end transactions of processes that fell silent, for they hold locks, and to
 * notice those that are gone.
 */
const SETTINGS = {
  TimeZone: 'UTC',
  row_security: 'on',
  idle_in_transaction_session_timeout: '20s',
  tcp_keepalives_idle: '30',
  tcp_keepalives_interval: '10',
  tcp_keepalives_count: '3',
}

/** What is asked after it was set. How the others read back is the server's choice. */
const ASKED = ['TimeZone', 'search_path', 'row_security'] as const

const ANSWER_TIMEOUT_MS = 10 * SECOND_MS

export type Session = {
  /** owner: sees every client. client: a role of its own, which sees the client that it can prove to work for. */
  as: 'owner' | 'client'
  searchPath?: string
  /** More settings. */
  settings?: Record<string, string>
}

type Born = {
  who: string
  signed_in: string
  pid: number
  unbound: boolean
  TimeZone: string
  search_path: string
  row_security: string
}

/**
 * Sets a new connection up and asks who it is; returns the number of its process on the server. Throws
 * InputError('wrong-session') that says what is not as it must be.
 */
export async function bearSession(connection: pg.ClientBase, session: Session): Promise<number> {
  const wanted: Record<string, string> = {
    search_path: session.searchPath ?? 'public',
    ...SETTINGS,
    ...session.settings,
  }
  const set = 'select set_config(name, value, false) from jsonb_each_text($1) as s (name, value)'
  await ask(connection, set, [JSON.stringify(wanted)])
  const [born] = await ask<Born>(
    connection,
    `select current_user as who, session_user as signed_in, pg_backend_pid() as pid,
       rolsuper or rolbypassrls or rolcreaterole or exists (
         select from pg_auth_members m join pg_roles r on r.oid = m.roleid where m.member = u.oid and r.rolname <> 'daybreak_client')
       or exists (select from pg_class where relnamespace = 'public'::regnamespace and relowner = u.oid) as unbound,
       current_setting('TimeZone') as "TimeZone", current_setting('search_path') as search_path, current_setting('row_security') as row_security
     from pg_roles u where rolname = session_user`,
    [],
  )
  if (born === undefined) throw wrong('nobody knows who it signed in as')
  if (born.who !== born.signed_in) throw wrong(`it signed in as ${born.signed_in} and is ${born.who}`)
  if (session.as === 'client' && born.unbound)
    throw wrong(
      `work for one client would be done as ${born.who}, who can see more than one client; DATABASE_CLIENT_URL must name a role that owns ` +
        'nothing, is a member of daybreak_client alone, and is no superuser, createrole or bypassrls',
    )
  for (const name of ASKED)
    if (born[name] !== wanted[name])
      throw wrong(`${name} is ${born[name]} where ${wanted[name]} was set; ${SESSION_POOLING}`)
  return born.pid
}

const SESSION_POOLING =
  'a pooler in between must leave each connection its session (PgBouncer: pool_mode = session), or DATABASE_URL must lead past it'

function wrong(what: string): InputError {
  return new InputError('wrong-session', `The connection to the database is not what Daybreak needs: ${what}.`)
}

async function ask<Row>(connection: pg.ClientBase, text: string, values: unknown[]): Promise<Row[]> {
  const config: pg.QueryConfig & { query_timeout: number } = { text, values, query_timeout: ANSWER_TIMEOUT_MS }
  const { rows } = await connection.query(config)
  return rows as Row[]
}

const LOOKS = 3

/**
 * Refuses two connections that share one session of the server, as they do behind a pooler that pools by transaction:
 * one would work with the settings, and for the client, of the other.
 */
export async function requireOwnSessions(one: pg.ClientBase, other: pg.ClientBase): Promise<void> {
  for (let look = 0; look < LOOKS; look += 1) {
    const pids = [await pidOf(one), await pidOf(other)]
    if (pids[0] === pids[1])
      throw wrong(`two connections are one session, as with pooling by transaction; ${SESSION_POOLING}`)
  }
}

async function pidOf(connection: pg.ClientBase): Promise<number | undefined> {
  const [row] = await ask<{ pid: number }>(connection, 'select pg_backend_pid() as pid', [])
  return row?.pid
}
