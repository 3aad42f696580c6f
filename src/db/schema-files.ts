import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import { InputError, messageOf } from '../errors.ts'

/**
 * The folders of the schema in the order they are applied. A migration is applied once and never changed; any other
 * file is the source of what it makes, and applied again whenever its text has changed; what it no longer makes is
 * dropped by a migration. Functions come before the
 * tables whose triggers and policies call them, so their bodies are checked when they run and not when they are made;
 * views come after the tables they read.
 */
const FOLDERS = ['roles', 'functions', 'migrations', 'views']

export type SchemaFile = { path: string; text: string; hash: string }

/** Every file of the schema in the order it is applied, with its path below `folder`. */
export async function readSchemaFiles(folder = import.meta.dirname): Promise<SchemaFile[]> {
  const files = FOLDERS.map(async (name) => {
    const names = (await readdir(join(folder, name))).filter((each) => each.endsWith('.sql')).sort()
    return Promise.all(names.map((each) => readSchemaFile(folder, `${name}/${each}`)))
  })
  return (await Promise.all(files)).flat()
}

async function readSchemaFile(folder: string, path: string): Promise<SchemaFile> {
  const text = await readFile(join(folder, path), 'utf8')
  return { path, text, hash: createHash('sha256').update(text).digest('hex') }
}

function isMigration(path: string): boolean {
  return path.startsWith('migrations/')
}

/**
 * Applies what the database lacks, all of it or nothing: migrations it has not had, and other files whose text is
 * another than the one it had. Returns their paths. Whoever calls it holds migrate's lock. Throws InputError for a
 * database that these files do not lead to.
 */
export async function applySchemaFiles(connection: pg.ClientBase, files: readonly SchemaFile[]): Promise<string[]> {
  await refuseOldSchema(connection)
  await connection.query(
    'create table if not exists schema_files (path text primary key, hash text not null, applied_at timestamptz not null default now())',
  )
  const { rows } = await connection.query<{ path: string; hash: string }>('select path, hash from schema_files')
  const applied = new Map(rows.map(({ path, hash }) => [path, hash]))
  refuseOtherMigrations(files, applied)
  const due = files.filter(({ path, hash }) => applied.get(path) !== hash)
  await connection.query('begin')
  try {
    await connection.query('set local check_function_bodies = off')
    for (const file of due) await applyFile(connection, file)
    // Who brings a file back that was taken away has it applied again.
    await connection.query('delete from schema_files where path <> all ($1)', [files.map(({ path }) => path)])
    await connection.query('commit')
  } catch (error) {
    await connection.query('rollback')
    throw error
  }
  return due.map(({ path }) => path)
}

async function applyFile(connection: pg.ClientBase, { path, text, hash }: SchemaFile): Promise<void> {
  try {
    await connection.query(text)
  } catch (error) {
    throw new Error(`src/db/${path} cannot be applied, and the schema stays as it was: ${messageOf(error)}`, {
      cause: error,
    })
  }
  await connection.query(
    'insert into schema_files (path, hash) values ($1, $2) on conflict (path) do update set hash = excluded.hash, applied_at = now()',
    [path, hash],
  )
}

/**
 * Throws InputError for a database from before the schema was written down whole, which kept its migrations elsewhere.
 */
async function refuseOldSchema(connection: pg.ClientBase): Promise<void> {
  const { rows } = await connection.query<{ old: boolean }>(
    "select to_regclass('public.migrations') is not null as old",
  )
  if (rows[0]?.old !== true) return
  throw new InputError(
    'old-schema',
    'This database was made before the first release, by migrations that this version does not have any more. Start with an empty one: set ' +
      'DATABASE_URL to a new database, or move the folder postgres out of DATA_DIR for the embedded server; then import the facts again.',
  )
}

/** Throws InputError for a migration that was applied and is another text now, or no file at all. */
function refuseOtherMigrations(files: readonly SchemaFile[], applied: ReadonlyMap<string, string>): void {
  const known = new Map(files.map(({ path, hash }) => [path, hash]))
  for (const [path, hash] of applied) {
    if (!isMigration(path) || known.get(path) === hash) continue
    if (known.has(path))
      throw new InputError(
        'changed-migration',
        `src/db/${path} was changed after it had been applied to this database. Take the change back and write it into a new file of ` +
          'src/db/migrations/.',
      )
    throw new InputError(
      'unknown-migration',
      `This database has had src/db/${path}, which is no file of this version: a newer one has been here. Start that version, or restore a ` +
        'backup from before it.',
    )
  }
}
