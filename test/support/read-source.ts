import { calledByPath } from '../../src/ingest/sources/called.ts'
import { openSource } from '../../src/ingest/sources/open-source.ts'

/**
 * Reads a file as an import would, as a process of its own: `node read-source.ts <file>` prints how many rows it has,
 * or why it is refused.
 */
const [path = ''] = process.argv.slice(2)
const options = { delimiter: ',', encoding: 'utf-8', sheet: null, headerRow: null, wanted: new Set<string>() } as const
let rows = 0
try {
  const { source } = await openSource({ path, name: path, called: calledByPath(path) }, null, {
    ...options,
    signal: new AbortController().signal,
  })
  for await (const { records, rejects } of source.pages) rows += records.length + rejects.length
  process.stdout.write(`${rows} rows`)
} catch (error) {
  process.stdout.write(`refused: ${(error as Error).message}`)
}
