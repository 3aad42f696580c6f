import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { asOwner } from '../support/postgres.ts'
import { createTestDatabase } from '../support/test-database.ts'

/**
 * Somebody runs any SQL they like on a connection that works for the client `alpha`. `beta` is another client of the
 * same database.
 */

const { url, database } = await createTestDatabase()
const OWNER = new URL(url).username
const RUN = randomUUID()

beforeAll(async () => {
  await asOwner(url, (connection) =>
    connection.query(`
      insert into clients (id, name, time_zone, currency) values
        ('alpha', 'Alpha', 'UTC', 'EUR'), ('beta', 'Beta', 'UTC', 'EUR');
      select ensure_fact_partitions('2026-03-01', '2026-03-31');
      insert into sectors (client_id, id, name) values ('alpha', 'sales', 'alpha-sales'), ('beta', 'sales', 'beta-secret');
      insert into customers (client_id, id, name) values ('alpha', 'c1', 'Ann'), ('beta', 'c1', 'Bert');
      insert into interactions (client_id, id, started_at, status, wait_s) values
        ('alpha', 'i1', '2026-03-01T10:00:00Z', 'answered', 0), ('beta', 'i1', '2026-03-01T10:00:00Z', 'answered', 0);
      insert into schedules (id, job, client_id, cron, zone, catch_up, overlap) values
        ('roll-up-day.beta', 'roll-up-day', 'beta', '10 0 * * *', 'client', 'all', 'skip');
      insert into users (email, name, role, password_hash) values ('owner@example.com', 'Owner', 'admin', 'hash');
      insert into runs (id, job, key, queue, client_id, payload, state, origin, priority) values
        ('${RUN}', 'roll-up-day', 'beta.2026-03-01', 'aggregation', 'beta', '{}', 'planned', 'schedule', 1);
      analyze;`),
  )
})

/** What the statements are said on: a connection that nobody gets after them. */
async function asAlpha<T>(use: (connection: pg.PoolClient) => Promise<T>): Promise<T> {
  const connection = await database.connectAs('alpha')
  try {
    return await use(connection)
  } finally {
    connection.release(true)
  }
}

/** All that is beta's or the system's, to see that nothing of it has changed. */
async function theRest(): Promise<unknown> {
  return asOwner(url, async (connection) => {
    const { rows } = await connection.query(`
      select jsonb_build_array(
        (select jsonb_agg(to_jsonb(t) order by t.id) from sectors t where client_id = 'beta'),
        (select jsonb_agg(to_jsonb(t) order by t.id) from customers t where client_id = 'beta'),
        (select jsonb_agg(to_jsonb(t) order by t.id) from interactions t where client_id = 'beta'),
        (select jsonb_agg(to_jsonb(t) order by t.day) from rollup_days t where client_id = 'beta'),
        (select jsonb_agg(to_jsonb(t) order by t.id) from runs t), (select jsonb_agg(to_jsonb(t) order by t.id) from schedules t),
        (select jsonb_agg(to_jsonb(t) order by t.id) from users t),
        (select jsonb_agg(to_jsonb(t) - 'role' - 'password') from client_logins t),
        (select jsonb_agg(jsonb_build_array(relname, relowner, relrowsecurity, relforcerowsecurity) order by relname)
          from pg_class where relnamespace = 'public'::regnamespace and not relispartition),
        (select jsonb_agg(rolname order by rolname) from pg_roles r where rolsuper or rolbypassrls or rolcreatedb)) as rest`)
    return rows
  })
}

const before = { rest: null as unknown }
beforeAll(async () => {
  before.rest = await theRest()
})

/** Forbidden, or not there for it at all. */
const FORBIDDEN = /^(42501|42883|42704|0A000|22000)$/

const REFUSED: Record<string, string[]> = {
  'to be somebody else': [
    `set role ${OWNER}`,
    `set session authorization ${OWNER}`,
    'set role postgres',
    'set role pg_read_server_files',
    'set role pg_execute_server_program',
    `do $$ begin execute 'set role ${OWNER}'; end $$`,
    `select set_config('role', '${OWNER}', false)`,
    `select set_config('session_authorization', '${OWNER}', false)`,
    'alter role current_user superuser',
    'alter role current_user bypassrls',
    'alter role current_user createrole',
    `alter role ${OWNER} password 'mine'`,
    'create role mine superuser',
    `grant ${OWNER} to current_user`,
    'grant pg_read_all_data to current_user',
    `reassign owned by ${OWNER} to current_user`,
    `drop owned by ${OWNER}`,
  ],
  'to see all rows': [
    'set row_security = off; select * from sectors',
    "set daybreak.client_id = 'beta'; select * from sectors",
    "select set_config('daybreak.client_id', 'beta', false); select * from sectors",
    "select set_config('daybreak.client_id', 'beta', false), set_config('daybreak.client_proof', repeat('0', 64), false); select * from runs",
    "prepare p as select * from sectors; set daybreak.client_id = 'beta'; execute p",
    "set daybreak.client_id = 'beta'; update sectors set name = 'mine'",
    "set daybreak.client_id = 'beta'; insert into sectors (client_id, id, name) values ('beta', 'x', 'x')",
    "set role daybreak_client; set daybreak.client_id = 'beta'; select * from sectors",
    "set daybreak.client_id = 'beta'; select current_client()",
    'set session_replication_role = replica',
    'alter table sectors disable row level security',
    'alter table sectors no force row level security',
    'drop policy tenant on sectors',
    'create policy all_rows on sectors using (true)',
    'select * from interactions_default',
    'select * from interactions_2026_03',
    'select * from daily_performance_summary',
    'select * from users',
    'select * from sessions',
    'select * from api_keys',
    'select * from analytics_audit_log',
    'select * from client_logins',
    'select secret from client_proofs',
    'refresh materialized view daily_performance_summary',
  ],
  'to write what is not its own': [
    "insert into sectors (client_id, id, name) values ('beta', 'x', 'x')",
    "update sectors set client_id = 'beta'",
    "update clients set id = 'beta'",
    "insert into clients (id, name, time_zone, currency) values ('gamma', 'x', 'UTC', 'EUR')",
    'delete from clients',
    'truncate sectors',
    "insert into sectors (client_id, id, name) values ('beta', 'sales', 'x') on conflict do nothing",
    "insert into sectors (client_id, id, name) values ('beta', 'sales', 'x') on conflict (client_id, id) do update set name = 'mine'",
    "insert into runs (job, key, queue, client_id, payload, state, origin, priority) values ('roll-up-day', 'beta.2027-01-01', 'aggregation', 'alpha', '{}', 'planned', 'person', 1)",
    "insert into runs (job, key, queue, client_id, payload, state, origin, priority) values ('roll-up-day', 'beta.2026-03-01', 'aggregation', 'alpha', '{}', 'planned', 'person', 1)",
    "insert into schedules (id, job, client_id, cron, zone, catch_up, overlap) values ('roll-up-day.gamma', 'roll-up-day', 'alpha', '1 1 * * *', 'client', 'all', 'skip')",
    "insert into alerts (kind, subject_kind, subject_id, client_id, title, message, advice) values ('run-failed', 'run', 'x', 'alpha', 'x', 'x', 'x')",
    `insert into run_logs (run_id, attempt, line, at, level, message) values ('${RUN}', 1, 1, now(), 'info', 'x')`,
    "select setval('rollup_revisions', 1)",
  ],
  'to call what runs as owner': [
    "select ensure_fact_partitions('0001-01-01', '9999-12-31')",
    "select secure_tenant_table('users')",
    "select declare_fact_table('users', 'created_at', false, null)",
    "select mark_days_of('sectors')",
    "select hold_time_zones(array['beta'])",
    'select mark_dirty_days()',
  ],
  'to make something': [
    'create schema mine',
    'create table public.mine (id int)',
    "create function public.mine() returns int language sql as 'select 1'",
    'create view public.mine as select 1',
    'create extension dblink',
    'create extension file_fdw',
    'create server mine foreign data wrapper postgres_fdw',
    "create function pg_temp.mine() returns int language c as 'libc', 'getpid'",
    "create function pg_temp.mine() returns int language internal as 'int4in'",
    'create trigger mine before insert on sectors for each row execute function suppress_redundant_updates_trigger()',
    'create rule mine as on insert to sectors do instead nothing',
    'create event trigger mine on ddl_command_start execute function mark_dirty_days()',
    'create publication mine for all tables',
    'create database mine',
    'create statistics mine on id, name from sectors',
    'create cast (text as integer) with inout as implicit',
    'grant select on users to current_user',
    `alter default privileges for role ${OWNER} grant select on tables to daybreak_client`,
    "comment on table sectors is 'mine'",
  ],
  'to reach the machine': [
    "copy sectors to '/tmp/daybreak-mine'",
    "copy sectors to program 'cat'",
    "copy (select 1) to program 'id'",
    "create temp table c (t text); copy c from '/etc/passwd'",
    "create temp table c (t text); copy c from program 'id'",
    "select pg_read_file('/etc/shadow')",
    "select pg_read_file('postgresql.conf')",
    "select pg_read_binary_file('/etc/passwd')",
    "select pg_ls_dir('.')",
    "select pg_stat_file('/etc/passwd')",
    "select lo_import('/etc/passwd')",
    "select lo_export(lo_create(0), '/tmp/daybreak-mine')",
    "select dblink_connect('host=127.0.0.1')",
    "alter system set shared_preload_libraries = 'mine'",
    'select pg_reload_conf()',
    'alter database postgres set row_security = off',
    "load '/tmp/mine.so'",
    'checkpoint',
    'select pg_switch_wal()',
    'select * from pg_hba_file_rules',
    'select * from pg_authid',
    'select * from pg_shadow',
    'select * from pg_statistic',
    `select pg_terminate_backend(pid) from pg_stat_activity where usename = '${OWNER}' or usename = 'postgres'`,
  ],
}

describe.each(Object.entries(REFUSED))('nobody gets %s', (_, statements) => {
  test.each(statements)('%s', async (statement) => {
    await expect(asAlpha((connection) => connection.query(statement))).rejects.toMatchObject({
      code: expect.stringMatching(FORBIDDEN),
      message: expect.not.stringContaining('beta-secret'),
    })
  })
})

/** Allowed; what they show in the end is alpha's. */
const ALLOWED: [statement: string, last: Record<string, unknown>[]][] = [
  ['reset role; select name from sectors', [{ name: 'alpha-sales' }]],
  ['set role none; select name from sectors', [{ name: 'alpha-sales' }]],
  ['reset session authorization; select name from sectors', [{ name: 'alpha-sales' }]],
  ['set role daybreak_client; select name from sectors', [{ name: 'alpha-sales' }]],
  ['reset all; select name from sectors', []],
  ["set daybreak.client_id = ''; select name from sectors", []],
  ['select id from clients', [{ id: 'alpha' }]],
  [`select id from runs where id = '${RUN}'`, []],
  [`delete from runs where id = '${RUN}' returning id`, []],
  [`select id from runs where id = '${RUN}' for update`, []],
  ["select name from sectors where client_id = 'beta' or true", [{ name: 'alpha-sales' }]],
  ["select name from sectors tablesample system (100) where client_id >= 'a'", [{ name: 'alpha-sales' }]],
  ['declare c cursor with hold for select name from sectors; fetch all c', [{ name: 'alpha-sales' }]],
  [
    "create temp table sectors (name text); insert into pg_temp.sectors values ('shadow'); select name from public.sectors",
    [{ name: 'alpha-sales' }],
  ],
  ["select tablename from pg_stats where tablename in ('sectors', 'customers', 'runs', 'interactions', 'users')", []],
  [
    "select query from pg_stat_activity where usename <> current_user and query not like '<insufficient%' and query <> ''",
    [],
  ],
  ["select name, setting from pg_settings where name in ('primary_conninfo', 'data_directory', 'hba_file')", []],
]

describe('what is allowed shows nothing of others', () => {
  test.each(ALLOWED)('%s', async (statement, last) => {
    const rows = await asAlpha(async (connection) => {
      const results = (await connection.query(statement)) as pg.QueryResult | pg.QueryResult[]
      return (Array.isArray(results) ? results.at(-1) : results)?.rows
    })
    expect(rows).toEqual(last)
  })
})

test('a row that another client has cannot be told from one that nobody has', async () => {
  const tryKey = (key: string) =>
    asAlpha((connection) =>
      connection.query(
        "insert into runs (job, key, queue, client_id, payload, state, origin, priority) values ('roll-up-day', $1, 'aggregation', 'alpha', '{}', 'planned', 'person', 1)",
        [key],
      ),
    ).catch((error: Error) => error.message)
  expect(await tryKey('beta.2026-03-01')).toBe(await tryKey('beta.2099-01-01'))
})

test('a function that looks at rows before the rule does sees none of others, nor does an error tell of them', async () => {
  await asAlpha(async (connection) => {
    const seen: string[] = []
    connection.on('notice', ({ message = '' }) => seen.push(message))
    await connection.query(`
      create function pg_temp.peek(text) returns boolean language plpgsql cost 0.0000001 as
        $$ begin raise notice '%', $1; return true; end $$;
      select name from sectors where pg_temp.peek(name);
      select name from customers where pg_temp.peek(name)`)
    expect(seen).toEqual(['alpha-sales', 'Ann'])
    await expect(connection.query('select * from sectors where name::int = 1')).rejects.toThrow('"alpha-sales"')
  })
})

test('what it makes in pg_temp is not found by anything that runs as owner', async () => {
  await asAlpha(async (connection) => {
    await connection.query(`
      create temp table witness (who text);
      create temp table fact_tables (name text, time_column text);
      create temp table rollup_days (like public.rollup_days);
      create function pg_temp.tell() returns trigger language plpgsql as
        $$ begin insert into witness values (current_user); return new; end $$;
      create trigger tell before insert on pg_temp.rollup_days for each row execute function pg_temp.tell();
      create function pg_temp.same(text, text) returns boolean language plpgsql as
        $$ begin insert into witness values (current_user); return $1 operator(pg_catalog.=) $2; end $$;
      create operator pg_temp.= (function = pg_temp.same, leftarg = text, rightarg = text);
      create function pg_temp.now() returns timestamptz language plpgsql as
        $$ begin insert into witness values (current_user); return pg_catalog.now(); end $$;
      insert into fact_tables values ('witness', 'who');
      set search_path = pg_temp, public, pg_catalog;
      select ensure_fact_partitions('2026-05-01', '2026-05-31');
      insert into public.interactions (client_id, id, started_at, status, wait_s) values ('alpha', 'i2', '2026-05-02T10:00:00Z', 'answered', 0);
      update public.clients set name = 'Alpha 2', time_zone = 'Europe/Berlin'`)
    const { rows } = await connection.query('select distinct who from witness where who <> current_user')
    expect(rows).toEqual([])
  })
})

test('every function that runs as owner looks where nobody else can put anything, and nobody may call what it need not', async () => {
  await asOwner(url, async (connection) => {
    const { rows } = await connection.query(`
      select proname from pg_proc p where pronamespace = 'public'::regnamespace and (
        prosecdef and not coalesce('search_path=pg_catalog, public, pg_temp' = any (proconfig), false)
        or exists (select from aclexplode(coalesce(proacl, acldefault('f', proowner))) where grantee = 0))`)
    expect(rows).toEqual([])
    const { rows: rights } = await connection.query(`
      select has_database_privilege('public', current_database(), 'temporary') as temporary, has_schema_privilege('public', 'public', 'create') as make`)
    expect(rights).toEqual([{ temporary: false, make: false }])
  })
})

test('the role is a member of one other, which owns nothing, and no more than any login', async () => {
  await asAlpha(async (connection) => {
    const { rows } = await connection.query(`
      select current_user = session_user as itself, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,
        array(select r.rolname::text from pg_auth_members m join pg_roles r on r.oid = m.roleid where m.member = u.oid) as member_of
      from pg_roles u where rolname = current_user`)
    const no = { rolsuper: false, rolcreaterole: false, rolcreatedb: false, rolreplication: false, rolbypassrls: false }
    expect(rows).toEqual([{ itself: true, ...no, member_of: ['daybreak_client'] }])
  })
})

test('the owner is no superuser, and sees one client alone when it names one', async () => {
  await asOwner(url, async (connection) => {
    const { rows: who } = await connection.query(
      'select rolsuper, rolbypassrls from pg_roles where rolname = current_user',
    )
    expect(who).toEqual([{ rolsuper: false, rolbypassrls: false }])
    expect((await connection.query('select name from sectors order by name')).rows).toHaveLength(2)
    await connection.query("set daybreak.client_id = 'alpha'")
    expect((await connection.query('select name from sectors order by name')).rows).toEqual([{ name: 'alpha-sales' }])
    const { rows } = await connection.query(
      "select relname from pg_class where relnamespace = 'public'::regnamespace and relrowsecurity and not relforcerowsecurity",
    )
    expect(rows).toEqual([])
  })
})

test('a session that signed in as owner may work for a client without proof, as processes of the version before do', async () => {
  await asOwner(url, async (connection) => {
    await connection.query("set role daybreak_client; set daybreak.client_id = 'alpha'")
    expect((await connection.query('select name from sectors')).rows).toEqual([{ name: 'alpha-sales' }])
  })
})

test('after all of it the other client and the system are as they were', async () => {
  expect(await theRest()).toEqual(before.rest)
})
