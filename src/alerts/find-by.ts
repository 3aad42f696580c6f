import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CompiledQuery } from 'kysely'
import type { SystemTransaction } from '../db/database.ts'
import type { Noticed, Sweep } from './alert-kind.ts'

/** Alerts of one kind that one sweep raises; the next takes the rest. */
const SWEEP_MAX = 1000

/**
 * Finds what a .sql file beside the kind says is there to know, oldest first, without what was told already. The file
 * selects "subjectId", episode, "clientId", since and what the words of the kind need, and has `parameters` as $1 and
 * on.
 */
export function findBy<Row extends Noticed>(
  folder: string,
  kind: string,
  parameters: (sweep: Sweep) => unknown[] = () => [],
): (tx: SystemTransaction, sweep: Sweep) => Promise<Row[]> {
  const found = readFileSync(join(folder, `${kind}.sql`), 'utf8')
  return async (tx, sweep) => {
    const given = parameters(sweep)
    const news = `
      select f.* from (${found}) f
      where not exists (
        select from alerts a
        where a.kind = $${given.length + 1} and a.subject_id = f."subjectId" and a.episode = f.episode
          and a.client_id is not distinct from f."clientId"
      )
      order by f.since, f."subjectId", f.episode limit ${SWEEP_MAX}`
    const { rows } = await tx.executeQuery<Row>(CompiledQuery.raw(news, [...given, kind]))
    return rows
  }
}
