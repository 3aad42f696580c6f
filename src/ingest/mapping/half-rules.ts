import type { FactColumn, FactKind, FactRule } from '../kinds/kind.ts'
import type { ColumnSource } from './mapping.ts'

type Sources = Readonly<Record<string, ColumnSource>>

/**
 * The column that must be read beside those that are, for a rule that the table holds too; undefined: there is none.
 */
export function otherHalf({ columns, inTable }: FactRule, isRead: (name: string) => boolean): string | undefined {
  return inTable === true && columns.some(isRead) ? columns.find((name) => !isRead(name)) : undefined
}

/**
 * What a mapping must read and does not, because the database would refuse its facts row by row. A mapping of missed
 * calls alone needs no wait: no row of it can break the rule.
 */
export function missingHalf(kind: FactKind, sources: Sources): { read: string; missing: string } | null {
  for (const rule of kind.rules) {
    const missing = otherHalf(rule, (name) => sources[name] !== undefined)
    const read = rule.columns.find((name) => sources[name] !== undefined)
    if (missing !== undefined && read !== undefined && mayBreak(rule, read, kind, sources)) return { read, missing }
  }
  return null
}

/**
 * Whether some cell of the column that is read breaks the rule, where the others hold what they hold when nothing is
 * said.
 */
function mayBreak({ columns, broken }: FactRule, read: string, kind: FactKind, sources: Sources): boolean {
  const cells = possibleCells(kind.columns[read], sources[read])
  const valuesWith = (cell: string | null) =>
    columns.map((name) => (name === read ? cell : whenAbsent(kind.columns[name])))
  return cells === null || cells.some((cell) => broken(...valuesWith(cell)) !== null)
}

/** All that a column can hold as it is read; null: too many to say. */
function possibleCells(column: FactColumn | undefined, source: ColumnSource | undefined): (string | null)[] | null {
  if (source?.value !== undefined) return [String(source.value)]
  if (source?.when !== undefined) return [String(source.then), String(source.else)]
  const words = source?.values === undefined ? column?.oneOf : Object.values(source.values).map(String)
  return words === undefined
    ? null
    : [...words, source?.empty === undefined ? whenAbsent(column) : String(source.empty)]
}

function whenAbsent(column: FactColumn | undefined): string | null {
  return column?.whenEmpty ?? null
}
