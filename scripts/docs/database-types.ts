import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

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
    return await readFile(file, 'utf8')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
