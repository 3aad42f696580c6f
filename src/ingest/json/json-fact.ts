import { suggestion } from '../../nearest.ts'
import type { FactColumn, FactKind } from '../kinds/kind.ts'
import type { ReadingContext } from '../mapping/compile-column.ts'
import type { FactShape, FactValues } from '../mapping/compile-mapping.ts'
import { compileRules } from '../mapping/compile-rules.ts'
import { fault, isFault } from '../readers/cell.ts'
import { jsonColumnReader } from './json-column.ts'

/** What is wrong with one field of a fact; `field` is empty when the fact as a whole is at fault. */
export type FieldFault = { field: string; reason: string }

/**
 * Reads one fact; null: `faults` now says why there is none. A member that is missing holds nothing, as one that is
 * null does.
 */
export type JsonFactReader = (value: unknown, faults: FieldFault[]) => FactValues | null

/** How facts of one kind are made of JSON objects whose members are named as the table's columns. */
export type JsonFact = FactShape & {
  /** One reader sees one batch. */
  openReader(): JsonFactReader
}

export function compileJsonFact(kind: FactKind, context: ReadingContext): JsonFact {
  const names = Object.keys(kind.columns)
  const known = new Set(names)
  const columns = Object.entries(kind.columns).map(([name, column]) => ({
    name,
    read: jsonColumnReader(column, context),
    absent: absentCell(column, context),
  }))
  const rules = compileRules(kind, names)

  function readColumns(fact: Record<string, unknown>, faults: FieldFault[]): FactValues {
    const values: FactValues = []
    for (const { name, read, absent } of columns) {
      const given = fact[name]
      const cell = given === undefined || given === null ? absent : (read(given) ?? absent)
      if (isFault(cell)) faults.push({ field: name, reason: cell.reason })
      else values.push(cell)
    }
    return values
  }

  return {
    kind,
    columns: names,
    onlyMissing: false,
    openReader() {
      const unknownField = unknownFieldNamer(kind.name, names)
      return (value, faults) => {
        if (!isRecord(value)) {
          faults.push({ field: '', reason: 'is not a JSON object' })
          return null
        }
        for (const name in value) {
          if (known.has(name)) continue
          if (faults.length >= FAULTS_MAX) return null
          faults.push(unknownField(name))
        }
        const values = readColumns(value, faults)
        if (faults.length > 0) return null
        for (const { blamed, broken } of rules) {
          const reason = broken(values)
          if (reason !== null) faults.push({ field: names[blamed] ?? '', reason })
        }
        return faults.length > 0 ? null : values
      }
    },
  }
}

/** Who sends an object with more members that are none of ours sent something else. */
const FAULTS_MAX = 10

/** What a member that holds nothing stands for. Money without a currency is in the client's. */
function absentCell(column: FactColumn, { currency }: ReadingContext) {
  if (column.type === 'currency') return currency
  return column.whenEmpty ?? (column.required === true ? fault('is missing') : null)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const NAME_MAX = 60
/** Looking for the nearest name takes a while, and a batch may be made of nothing but wrong ones. */
const SUGGESTIONS_MAX = 100

function unknownFieldNamer(kind: string, known: readonly string[]): (name: string) => FieldFault {
  const faults = new Map<string, FieldFault>()
  return (name) => {
    const found = faults.get(name)
    if (found !== undefined) return found
    const field = name.slice(0, NAME_MAX).toWellFormed()
    const near = faults.size < SUGGESTIONS_MAX ? suggestion(field, known) : ''
    const made = { field, reason: `is no field of ${kind}${near}` }
    if (near !== '' || faults.size < SUGGESTIONS_MAX) faults.set(name, made)
    return made
  }
}
