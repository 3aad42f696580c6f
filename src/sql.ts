import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CompiledQuery, type Kysely } from 'kysely'

const preparedNames = new Map<string, string>()

/** The name under which a connection keeps the plan of a statement; undefined for one that is planned each time. */
export function preparedName(text: string): string | undefined {
  return preparedNames.get(text)
}

/** Has every connection plan a statement once, under a name that no other statement has. */
export function prepareAs(name: string, text: string): void {
  preparedNames.set(text, name)
}

/**
 * A statement that lives in a .sql file beside its .ts:
 * `const replaceDay = sqlFile<Row>(import.meta.dirname, 'replace-day.sql')`, then
 * `await replaceDay(db, [clientId, day])`. The file is read when the module is, so that a missing one stops the start.
 * `prepared`: every connection plans it once, for statements that run hundreds of times a second.
 */
export function sqlFile<Row>(folder: string, name: string, options: { prepared?: boolean } = {}) {
  const text = readFileSync(join(folder, name), 'utf8')
  if (options.prepared === true) prepareAs(name, text)
  // oxlint-disable-next-line typescript/no-explicit-any -- any schema will do; the statement names its own tables
  return async (db: Kysely<any>, parameters: readonly unknown[]): Promise<Row[]> => {
    const { rows } = await db.executeQuery<Row>(CompiledQuery.raw(text, [...parameters]))
    return rows
  }
}
