import { randomBytes } from 'node:crypto'
import { appendFile, cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest'
import { clientRole } from '../../src/db/client-login.ts'
import { migrate } from '../../src/db/migrate.ts'
import { applySchemaFiles, readSchemaFiles } from '../../src/db/schema-files.ts'
import { asOwner, cloneTemplate, databaseUrl } from '../support/postgres.ts'

const server = inject('postgresUrl')
const SOURCE = join(import.meta.dirname, '../../src/db')

const { url, drop } = await cloneTemplate(server, inject('postgresTemplate'), nameOfDatabase())
afterAll(drop)

function nameOfDatabase(): string {
  return `daybreak_test_${randomBytes(6).toString('hex')}`
}

async function emptyDatabase(): Promise<string> {
  const name = nameOfDatabase()
  await asOwner(server, (connection) => connection.query(`create database ${name}`))
  onTestFinished(() =>
    asOwner(server, async (connection) => {
      await connection.query(`drop database ${name}`)
      await connection.query(`drop role if exists ${clientRole(name)}`)
    }),
  )
  return databaseUrl(server, name)
}

/** The files of the schema in a folder of its own, to be changed. */
async function copyOfFiles(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'daybreak-schema-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  for (const name of ['roles', 'functions', 'migrations', 'views'])
    await cp(join(SOURCE, name), join(folder, name), { recursive: true })
  return folder
}

async function apply(folder: string): Promise<string[]> {
  const files = await readSchemaFiles(folder)
  return asOwner(url, (connection) => applySchemaFiles(connection, files))
}

async function read(statement: string): Promise<unknown[]> {
  return asOwner(url, async (connection) => (await connection.query(statement)).rows)
}

const applied = (of = url) =>
  asOwner(of, async (connection) => {
    const { rows } = await connection.query<{ path: string }>('select path, hash, applied_at from schema_files')
    return rows.toSorted((one, other) => (one.path < other.path ? -1 : 1))
  })

let folder: string
beforeEach(async () => {
  folder = await copyOfFiles()
})

test('migrating twice is the same as once', async () => {
  const before = await applied()
  const paths = (await readSchemaFiles()).map(({ path }) => path)
  expect(before.map(({ path }) => path)).toEqual(paths.toSorted())
  expect(await migrate(url)).toEqual([])
  expect(await applied()).toEqual(before)
})

test('two processes that begin with an empty database make the schema once', async () => {
  const empty = await emptyDatabase()
  const files = await readSchemaFiles()
  const both = await Promise.all([migrate(empty), migrate(empty)])
  expect(both.map((paths) => paths.length).toSorted((one, other) => one - other)).toEqual([0, files.length])
})

describe('what can be applied again', () => {
  test('a function that was edited is applied again, and nothing else', async () => {
    await writeFile(
      join(folder, 'functions/replan-moved-client.sql'),
      '-- Another.\ncreate or replace function replan_moved_client() returns trigger language plpgsql as $$ begin return old; end $$;',
    )
    expect(await apply(folder)).toEqual(['functions/replan-moved-client.sql'])
    expect(await apply(folder)).toEqual([])
    expect(await read("select prosrc from pg_proc where proname = 'replan_moved_client'")).toEqual([
      { prosrc: ' begin return old; end ' },
    ])
  })

  test('every file but a migration can be applied again as it is, and the right to call it stays', async () => {
    const rights =
      'select proname, proacl::text from pg_proc where pronamespace = $$public$$::regnamespace order by 1, 2'
    const grants = 'select relname, relacl::text from pg_class where relnamespace = $$public$$::regnamespace order by 1'
    await apply(folder)
    const before = [await read(rights), await read(grants)]
    await asOwner(url, (connection) =>
      connection.query("update schema_files set hash = 'other' where path not like 'migrations/%'"),
    )
    const files = await readSchemaFiles(folder)
    expect(await apply(folder)).toEqual(files.map(({ path }) => path).filter((path) => !path.startsWith('migrations/')))
    expect([await read(rights), await read(grants)]).toEqual(before)
  })

  test('one that was taken away and brought back is applied again', async () => {
    const path = 'functions/replan-moved-client.sql'
    await apply(folder)
    await rm(join(folder, path))
    expect(await apply(folder)).toEqual([])
    await cp(join(SOURCE, path), join(folder, path))
    expect(await apply(folder)).toEqual([path])
  })
})

test('a migration that cannot be applied leaves nothing behind, and is named', async () => {
  await writeFile(join(folder, 'migrations/9998_made.sql'), '-- Made.\ncreate table made ();')
  await writeFile(join(folder, 'migrations/9999_broken.sql'), '-- Broken.\ncreate table made ();')
  const before = await applied()
  await expect(apply(folder)).rejects.toThrow(
    'src/db/migrations/9999_broken.sql cannot be applied, and the schema stays as it was: relation "made" already exists',
  )
  expect(await applied()).toEqual(before)
  expect(await read("select to_regclass('made') as made")).toEqual([{ made: null }])
})

describe('a database that the files do not lead to is refused, and stays as it is', () => {
  test('a migration was changed after it was applied', async () => {
    await appendFile(join(folder, 'migrations/0002_facts.sql'), '-- One more word.\n')
    await expect(apply(folder)).rejects.toMatchObject({
      code: 'changed-migration',
      message: expect.stringMatching(
        /^src\/db\/migrations\/0002_facts\.sql was changed .* a new file of src\/db\/migrations\//,
      ),
    })
  })

  test('a migration was applied by a newer version', async () => {
    await rm(join(folder, 'migrations/0009_row_level_security.sql'))
    await expect(apply(folder)).rejects.toMatchObject({
      code: 'unknown-migration',
      message: expect.stringMatching(
        /0009_row_level_security\.sql, which is no file of this version: .* Start that version/,
      ),
    })
  })

  test('it was made before the schema was written down whole', async () => {
    const old = await emptyDatabase()
    await asOwner(old, (connection) => connection.query('create table migrations (name text primary key)'))
    await expect(migrate(old)).rejects.toMatchObject({
      code: 'old-schema',
      message: expect.stringMatching(/made before the first release, .* Start with an empty one: set DATABASE_URL/),
    })
    const { rows } = await asOwner(old, (connection) =>
      connection.query("select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"),
    )
    expect(rows).toEqual([{ relname: 'migrations' }])
  })
})
