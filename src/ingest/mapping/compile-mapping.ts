import { InputError } from '../../errors.ts'
import { suggestion } from '../../nearest.ts'
import { findKind } from '../kinds/index.ts'
import type { FactKind } from '../kinds/kind.ts'
import { isFault } from '../readers/cell.ts'
import { ASK_FOR_HEADER, countOf, FileFault, listed, placesOf } from '../sources/file-fault.ts'
import {
  type CompiledColumn,
  columnFinder,
  compileColumn,
  compileCondition,
  type Fields,
  type FindColumn,
  negated,
  type ReadingContext,
  wrong,
} from './compile-column.ts'
import { compileRules } from './compile-rules.ts'
import { missingHalf } from './half-rules.ts'
import type { ColumnSource, FactSource, Mapping } from './mapping.ts'

/** What is wrong with one cell of a row. */
export type RowFault = { column: string; value: string; reason: string }

/** The values of one fact, in the order of its columns, as PostgreSQL's text form has them. */
export type FactValues = (string | null)[]

/** Which columns of a kind of fact are written, and how. */
export type FactShape = {
  kind: FactKind
  columns: readonly string[]
  /**
   * Rows that come along with other facts, such as the agents of calls, are made when they are missing and left alone
   * otherwise.
   */
  onlyMissing: boolean
}

/** How one fact is made of a row. */
export type CompiledFact = FactShape & {
  /** null: this row yields no such fact, or `faults` now says why it cannot. */
  read(fields: Fields, faults: RowFault[]): FactValues | null
}

/**
 * Binds a mapping to a file's header and a client. Throws an InputError for whatever does not fit, with the nearest
 * that would.
 */
export function compileMapping(
  mapping: Mapping,
  kind: FactKind,
  header: readonly string[],
  client: ReadingContext,
): CompiledFact[] {
  if (findKind(mapping.kind) !== kind) {
    throw new InputError('mapping', `The mapping is for ${mapping.kind}, and ${kind.name} were asked for.`)
  }
  const used = new Set<string>()
  const find = noting(columnFinder(header), used)
  const context = { ...client, timeZone: mapping.timeZone ?? client.timeZone }
  checkTimeZone(context)
  const facts = mapping.facts.map((source, index) => compileFact(`facts.${index}`, source, kind, find, context))
  if (!facts.some((fact) => fact.kind === kind)) {
    throw new InputError('mapping', `The mapping makes no ${kind.name}: none of its facts goes "to" them.`)
  }
  refuseUnusedColumns(mapping, header, used)
  return facts
}

function compileFact(
  place: string,
  source: FactSource,
  main: FactKind,
  find: FindColumn,
  context: ReadingContext,
): CompiledFact {
  const kind = findKind(source.to)
  const sources = withCurrency(kind, source.columns, context)
  const columns = Object.entries(sources).map(([name, column]) => {
    const declared = kind.columns[name]
    const at = `${place}.columns.${name}`
    if (declared === undefined) {
      throw wrong(at, `${kind.name} have no such column${suggestion(name, Object.keys(kind.columns))}`)
    }
    return compileColumn(at, name, declared, column, find, context)
  })
  for (const [name, declared] of Object.entries(kind.columns)) {
    if (declared.required === true && sources[name] === undefined) {
      throw wrong(`${place}.columns`, `${kind.name} need a "${name}"`)
    }
  }
  const half = missingHalf(kind, sources)
  if (half !== null)
    throw wrong(`${place}.columns`, `${kind.name} need a "${half.missing}" beside their "${half.read}"`)
  const conditions = (source.when ?? []).map((condition) => compileCondition(condition, find))
  const onlyMissing = kind !== main && kind.comesAlong === true
  const idColumn = columns.find(({ name, from }) => name === 'id' && from !== '')
  const complete = completion(kind, columns, sources)
  return {
    kind,
    columns: columns.map(({ name }) => name),
    onlyMissing,
    read(fields, faults) {
      if (!conditions.every((holds) => holds(fields))) return null
      // A call without an agent makes no agent.
      if (onlyMissing && idColumn?.source(fields) === '') return null
      const values = readColumns(columns, fields, faults)
      return values === null ? null : complete(values, fields, faults)
    },
  }
}

function readColumns(columns: readonly CompiledColumn[], fields: Fields, faults: RowFault[]): FactValues | null {
  const values: FactValues = []
  let whole = true
  for (const column of columns) {
    const cell = column.read(fields)
    if (isFault(cell)) {
      whole = false
      faults.push({ column: column.from, value: column.source(fields), reason: cell.reason })
    } else {
      values.push(cell)
    }
  }
  return whole ? values : null
}

/** What is done once every column was read: signs that follow the kind of a payment, and the rules between columns. */
function completion(
  kind: FactKind,
  columns: readonly CompiledColumn[],
  sources: Readonly<Record<string, ColumnSource>>,
): (values: FactValues, fields: Fields, faults: RowFault[]) => FactValues | null {
  const names = columns.map(({ name }) => name)
  const rules = compileRules(kind, names)
  const signs = rules.filter(({ blamed }) => sources[names[blamed] ?? '']?.sign === 'by-kind')
  if (rules.length === 0) return (values) => values
  return (values, fields, faults) => {
    for (const { blamed, broken } of signs) {
      const amount = values[blamed] ?? null
      if (amount !== null && broken(values) !== null) values[blamed] = negated(amount)
    }
    let whole = true
    for (const { blamed, broken } of rules) {
      const reason = broken(values)
      const column = columns[blamed]
      if (reason === null || column === undefined) continue
      whole = false
      faults.push({ column: column.from, value: column.source(fields), reason })
    }
    return whole ? values : null
  }
}

/** Money without a currency is in the client's. */
function withCurrency(
  kind: FactKind,
  columns: Readonly<Record<string, ColumnSource>>,
  context: ReadingContext,
): Readonly<Record<string, ColumnSource>> {
  if (kind.columns['currency'] === undefined || columns['currency'] !== undefined) return columns
  return { ...columns, currency: { value: context.currency } }
}

function noting(find: FindColumn, used: Set<string>): FindColumn {
  return (name) => {
    used.add(name)
    return find(name)
  }
}

function refuseUnusedColumns({ ignore }: Mapping, header: readonly string[], used: ReadonlySet<string>): void {
  if (ignore === 'rest') return
  for (const name of ignore) {
    if (!header.includes(name)) {
      throw new FileFault(
        'missing-column',
        `The file lacks a column that the mapping ignores, among its ${countOf(header)}. ${ASK_FOR_HEADER}`,
        `There is no "${name}"; its columns are ${listed(header)}${suggestion(name, header)}.`,
      )
    }
  }
  const unused = header.filter((name) => name !== '' && !used.has(name) && !ignore.includes(name))
  if (unused.length === 0) return
  throw new FileFault(
    'unknown-column',
    `The mapping does not mention ${placesOf(unused, header)} of the file. Read it, or name it in "ignore" ("rest" ignores all others).`,
    `Not mentioned: ${listed(unused.map((name) => `"${name}"`))}.`,
  )
}

function checkTimeZone({ clock, timeZone }: ReadingContext): void {
  try {
    clock().toZonedDateTimeISO(timeZone)
  } catch {
    throw new InputError('mapping', `"${timeZone}" is no time zone; give an IANA name such as Europe/Zurich.`)
  }
}
