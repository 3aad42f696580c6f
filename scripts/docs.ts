import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generatedDocs } from './docs/generated-docs.ts'

/** `npm run docs`: writes every generated page anew. */
for (const { path, render } of generatedDocs) {
  await writeFile(join(import.meta.dirname, '..', path), render())
  process.stdout.write(`${path}\n`)
}
