import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import { openDatabase } from '../../src/db/database.ts'
import { createLog } from '../../src/log.ts'

const run = promisify(execFile)

/** As src/db/database.ts parses them: dates and instants stay text, numbers are numbers while they are exact. */
const PARSERS = [
  '--date-parser',
  'string',
  '--numeric-parser',
  'number',
  '--type-mapping',
  '{"timestamptz":"string","int8":"number"}',
]

/** src/db/schema.ts for a migrated database. */
export async function databaseTypes(url: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'daybreak-types-'))
  try {
    const file = join(folder, 'schema.ts')
    const program = join(import.meta.dirname, '../../node_modules/.bin/kysely-codegen')
    await run(program, ['--dialect', 'postgres', '--url', url, '--out-file', file, ...PARSERS], { timeout: 60_000 })
    return withUnions(await readFile(file, 'utf8'), await wordsOfColumns(url))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * The words that a check constraint of the form `state in ('planned', 'queued')` allows a column, by table and column.
 */
async function wordsOfColumns(url: string): Promise<Map<string, string[]>> {
  const database = openDatabase(url, { max: 1, log: createLog('silent') })
  try {
    const { rows } = await sql<{ table: string; rule: string }>`
      select c.relname as table, pg_get_constraintdef(k.oid) as rule
      from pg_constraint k join pg_class c on c.oid = k.conrelid
      where k.contype = 'c' and c.relnamespace = 'public'::regnamespace and not c.relispartition`.execute(
      database.system,
    )
    return new Map(
      rows.flatMap(({ table, rule }) => {
        const [, column, list] =
          /^CHECK \(\((\w+) = ANY \(ARRAY\[('[\w-]+'::text(?:, '[\w-]+'::text)*)\]\)\)\)$/.exec(rule) ?? []
        return list === undefined ? [] : [[`${table}.${column}`, list.replaceAll('::text', '').split(', ')] as const]
      }),
    )
  } finally {
    await database.close()
  }
}

/** kysely-codegen's own overrides would lose whether a column may be null and whether it has a default. */
function withUnions(types: string, words: Map<string, string[]>): string {
  let text = types
  for (const [place, union] of words) {
    const [table = '', column = ''] = place.split('.')
    const declared = new RegExp(
      `(export interface ${interfaceOf(table)} \\{[^}]*?\\n  ${column}: [^;\\n]*?)\\bstring\\b`,
    )
    if (!declared.test(text))
      throw new Error(`${place} has a list of words, and kysely-codegen declares it as no text.`)
    text = text.replace(declared, (_, before: string) => `${before}${union.join(' | ')}`)
  }
  return text
}

function interfaceOf(table: string): string {
  return table.replaceAll(/(?:^|_)(.)/g, (_, letter: string) => letter.toUpperCase())
}
