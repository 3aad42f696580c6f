import { sql } from 'kysely'
import type { SystemDatabase } from '../../src/db/database.ts'
import type { DB } from '../../src/db/schema.ts'

type TableName = keyof DB

/** What lets people and programs in: boards of tests make them once a file. */
export const PEOPLE: readonly TableName[] = ['users', 'sessions', 'api_keys']

/** Tables, by database, that hold rows before any test has written one. */
const filled = new WeakMap<SystemDatabase, readonly string[]>()

/** Notes what is there from the start, for `emptyDatabase`. */
export async function noteFilledTables(db: SystemDatabase): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_class
    where relkind = 'r' and relnamespace = 'public'::regnamespace and pg_relation_size(oid) > 0`.execute(db)
  filled.set(
    db,
    rows.map(({ name }) => name),
  )
}

/**
 * Empties every table but those that migrations filled and those to keep. Triggers and foreign keys sleep meanwhile,
 * and tables without a page are passed over: a few milliseconds, where `truncate` makes a new file for each table and
 * index.
 */
export async function emptyDatabase(db: SystemDatabase, keep: readonly TableName[] = []): Promise<void> {
  const kept = filled.get(db)
  if (kept === undefined) throw new Error('emptyDatabase takes the handle of createTestDatabase')
  await sql`
    do $$
    declare each regclass;
    begin
      set local session_replication_role = replica;
      for each in
        select oid from pg_class
        where relkind = 'r' and relnamespace = 'public'::regnamespace and pg_relation_size(oid) > 0
          and not relname = any(array[${sql.join([...kept, ...keep].map((name) => sql.lit(name)))}])
      loop
        execute format('delete from %s', each);
      end loop;
    end $$`.execute(db)
}
