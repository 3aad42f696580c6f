import { randomBytes } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { scramVerifier } from './scram.ts'

/**
 * Of the embedded server: `admin` is its superuser and used for nothing but the making of the other, who owns the one
 * database.
 */
export type Accounts = { admin: string; owner: string }

const PASSWORD_BYTES = 18

/** A wrong password. */
const INVALID_PASSWORD = '28P01'

const FILES = { admin: 'admin-password', owner: 'password' }

/** The password of an account, drawn the first time; only those who may read the folder's own files know it. */
export async function passwordOf(folder: string, account: keyof typeof FILES): Promise<string> {
  const file = join(folder, FILES[account])
  const known = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return ''
  })
  if (known.trim() !== '') return known.trim()
  const drawn = randomBytes(PASSWORD_BYTES).toString('base64url')
  // Whole or not at all: the server would be closed to whoever reads half of it.
  await writeFile(`${file}.new`, `${drawn}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
  return drawn
}

/**
 * Makes what a new server lacks: the owner, who is no superuser, and the database. Returns the addresses, without a
 * database's name.
 */
export async function makeAccounts(folder: string, port: number): Promise<Accounts> {
  const accounts = {
    admin: `postgres://postgres:${await passwordOf(folder, 'admin')}@127.0.0.1:${port}`,
    owner: `postgres://daybreak:${await passwordOf(folder, 'owner')}@127.0.0.1:${port}`,
  }
  try {
    await makeOwner(accounts)
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && error.code === INVALID_PASSWORD)) throw error
    // The owner's folder is from the time when it was the superuser.
    await demoteOwner(accounts)
    await makeOwner(accounts)
  }
  return accounts
}

async function makeOwner({ admin, owner }: Accounts): Promise<void> {
  await withConnection(`${admin}/postgres`, async (connection) => {
    const { rows } = await connection.query<{ role: boolean; database: boolean; old: boolean }>(`select
      exists (select from pg_roles where rolname = 'daybreak') as role,
      exists (select from pg_roles where rolname = 'daybreak_before') as old,
      exists (select from pg_database where datname = 'daybreak') as database`)
    const [is] = rows
    if (is?.role !== true)
      await connection.query(
        `create role daybreak login createrole password '${scramVerifier(new URL(owner).password)}'`,
      )
    if (is?.database !== true) await connection.query('create database daybreak owner daybreak')
    if (is?.old === true) await connection.query('drop role daybreak_before')
  })
}

/**
 * Nobody can take the superuser's rights from the account that a server was made with; so that one gets another name,
 * and its name another.
 */
async function demoteOwner({ admin, owner }: Accounts): Promise<void> {
  const between = randomBytes(PASSWORD_BYTES).toString('base64url')
  await withConnection(`${owner}/postgres`, async (connection) => {
    await connection.query('drop role if exists daybreak_before')
    await connection.query(`create role daybreak_before superuser login password '${scramVerifier(between)}'`)
  })
  const url = new URL(`${owner}/daybreak`)
  url.username = 'daybreak_before'
  url.password = between
  await withConnection(url.href, async (connection) => {
    await connection.query('begin')
    await connection.query(`alter role daybreak rename to postgres`)
    await connection.query(`alter role postgres password '${scramVerifier(new URL(admin).password)}'`)
    await connection.query(`create role daybreak login createrole password '${scramVerifier(new URL(owner).password)}'`)
    await connection.query('alter database daybreak owner to daybreak')
    await connection.query(HAND_OVER)
    await connection.query('commit')
  })
}

/**
 * Everything that the server's first account owns in this database. What belongs to a table (its indexes and sequences)
 * goes with it.
 */
const HAND_OVER = `do $$
declare
  each text;
begin
  if exists (select from pg_roles where rolname = 'daybreak_client') then
    grant daybreak_client to daybreak with admin option;
  end if;
  for each in
    select format('schema %I', nspname) from pg_namespace where nspowner = 10 and nspname !~ '^pg_' and nspname <> 'information_schema'
    union all
    select format('%s %s', case relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' else 'table' end, c.oid::regclass)
    from pg_class c join pg_namespace n on n.oid = relnamespace
    where relowner = 10 and relkind in ('r', 'p', 'v', 'm', 'S') and nspname !~ '^pg_' and nspname <> 'information_schema'
      and not exists (select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i') and relkind = 'S')
    union all
    select format('routine %s', p.oid::regprocedure) from pg_proc p join pg_namespace n on n.oid = pronamespace
    where proowner = 10 and nspname !~ '^pg_' and nspname <> 'information_schema'
    union all
    select format('type %s', t.oid::regtype) from pg_type t join pg_namespace n on n.oid = typnamespace
    where typowner = 10 and typtype in ('d', 'e') and nspname !~ '^pg_' and nspname <> 'information_schema'
  loop
    execute format('alter %s owner to daybreak', each);
  end loop;
end $$`

async function withConnection(url: string, use: (connection: pg.Client) => Promise<void>): Promise<void> {
  const connection = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  // The server may stop while we hold the last connection; the query in hand says so, nobody else needs to hear it.
  connection.on('error', () => {})
  await connection.connect()
  try {
    await use(connection)
  } finally {
    await connection.end()
  }
}
