import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { databaseUrl, ensureTemplate, startPostgres } from '../test/support/postgres.ts'
import { databaseTypes } from './docs/database-types.ts'
import { generatedDocs } from './docs/generated-docs.ts'

/** `npm run docs`: writes every generated page again, and the types of the database. */

for (const { path, render } of generatedDocs) await write(path, await render())

const server = await startPostgres()
try {
  await write('src/db/schema.ts', await databaseTypes(databaseUrl(server.url, await ensureTemplate(server.url))))
} finally {
  await server.stop()
}

async function write(path: string, text: string): Promise<void> {
  await writeFile(join(import.meta.dirname, '..', path), text)
  process.stdout.write(`${path}\n`)
}
