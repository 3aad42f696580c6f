import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CompiledQuery, type Kysely } from 'kysely'

/**
 * A statement that lives in a .sql file beside its .ts: `const replaceDay = sqlFile<Row>(import.meta.dirname, 'replace-day.sql')`,
 * then `await replaceDay(db, [clientId, day])`. The file is read when the module is, so that a missing one stops the start.
 */
export function sqlFile<Row>(folder: string, name: string) {
  const text = readFileSync(join(folder, name), 'utf8')
  // oxlint-disable-next-line typescript/no-explicit-any -- any schema will do; the statement names its own tables
  return async (db: Kysely<any>, parameters: readonly unknown[]): Promise<Row[]> => {
    const { rows } = await db.executeQuery<Row>(CompiledQuery.raw(text, [...parameters]))
    return rows
  }
}
