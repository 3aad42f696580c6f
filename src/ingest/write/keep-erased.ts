import { quoted } from '../../db/copy.ts'
import type { ColumnType } from '../kinds/kind.ts'
import type { FactShape } from '../mapping/compile-mapping.ts'
import { EMPTIED_OF_FACTS, PSEUDONYM_LIKE, WRITTEN_OF_CONTACTS } from './erased-customers.ts'

/**
 * Makes staged facts (s) of erased customers what the erasure made of those that are there (t): a value in which the
 * pseudonym stands stays, and what was emptied stays empty. Whatever is compared or written afterwards needs no word of
 * erasures, and a fact that is sent again as it was before the erasure is unchanged. `inBatch` takes the parameters of
 * MergeStatements.known; `inFile` the client alone, and reads all facts of the client's erased customers.
 */
export type KeepErased = { inBatch: string; inFile: string }

/** Columns in which an erasure may have put the pseudonym. */
const MAY_NAME: readonly ColumnType[] = ['id', 'text', 'texts', 'attributes']

/**
 * null: facts of this shape tell of no customer. `found` makes a table expression "found" of columns of those of the
 * batch that are there.
 */
export function keepErased(
  fact: FactShape,
  stage: string,
  found: (columns: readonly string[]) => string,
): KeepErased | null {
  const { kind, columns, onlyMissing } = fact
  const erased = erasedIf(fact)
  const kept = columns.filter((name) => name !== 'id' && MAY_NAME.includes(kind.columns[name]?.type ?? 'boolean'))
  if (onlyMissing || erased === null || kept.length === 0) return null
  const changes = kept.map((name) => `${quoted(name)} = ${keptValue(fact, name)}`).join(', ')
  const pointers = ['customer_id', 'interaction_id', 'score_id'].filter((name) => name in kind.columns)
  const before = found([...new Set(['id', ...pointers, ...kept])])
  return {
    inBatch: `${before} update ${stage} s set ${changes} from found t where t.id = s.id and (${erased})`,
    inFile: `update ${stage} s set ${changes} from ${kind.table} t where t.client_id = $1 and t.id = s.id and (${erased})`,
  }
}

function keptValue({ kind }: FactShape, name: string): string {
  const [before, sent] = [`t.${quoted(name)}`, `s.${quoted(name)}`]
  const empty = EMPTIED_OF_FACTS[kind.table]?.[name] ?? (WRITTEN_OF_CONTACTS[kind.table] === name ? 'null' : null)
  const whenEmpty = empty === null ? '' : `when ${before} is not distinct from ${empty} then ${before}`
  const whenNamed = isOfCustomer(kind.columns)
    ? `when t.customer_id like '${PSEUDONYM_LIKE}' and strpos(${before}::text, t.customer_id) > 0 then ${before}`
    : ''
  return whenEmpty + whenNamed === '' ? sent : `case ${whenNamed} ${whenEmpty} else ${sent} end`
}

/** When a fact is of an erased customer, or about a contact of one. */
function erasedIf({ kind }: FactShape): string | null {
  const contacts = `select id from interactions where client_id = $1 and customer_id like '${PSEUDONYM_LIKE}'`
  const reviews = `select id from call_quality_scores where client_id = $1 and interaction_id in (${contacts})`
  const conditions = [
    ...(isOfCustomer(kind.columns) ? [`t.customer_id like '${PSEUDONYM_LIKE}'`] : []),
    ...(kind.table in WRITTEN_OF_CONTACTS ? [`t.interaction_id in (${contacts})`] : []),
    ...('score_id' in kind.columns ? [`t.score_id in (${reviews})`] : []),
  ]
  return conditions.length === 0 ? null : conditions.join(' or ')
}

function isOfCustomer(columns: object): boolean {
  return 'customer_id' in columns
}
