import { copyValue } from '../../db/copy.ts'
import { RECORD_MAX } from '../imports/rejects-file.ts'
import type { FactKind } from '../kinds/kind.ts'
import type { CompiledFact, FactValues, RowFault } from '../mapping/compile-mapping.ts'
import type { Reject, SourceRecord } from '../sources/source.ts'
import type { Batch } from './batch.ts'
import { createSeenIds } from './seen-ids.ts'

/** `repeated`: every fact of the row was in the file before; `unused`: the mapping's conditions leave it none. */
export type Conversion = 'stored' | 'repeated' | 'unused' | Reject[]

export type RowConverter = {
  /** Puts the facts of a row into the batch, or says why there are none. */
  convert(record: SourceRecord, batch: Batch): Conversion
  /** Months (2026-03) of the facts converted so far. */
  months: ReadonlySet<string>
}

/** Makes facts of records. One converter sees a whole file, so that an id that comes twice is noticed. */
export function createRowConverter(facts: readonly CompiledFact[]): RowConverter {
  const months = new Set<string>()
  const seenIds = new Map(facts.map(({ kind }) => [kind.table, createSeenIds()]))
  const plans = facts.map((fact, index) => ({
    fact,
    idAt: fact.columns.indexOf('id'),
    timeAt: fact.kind.time === null ? -1 : fact.columns.indexOf(fact.kind.time),
    seen: fact.onlyMissing ? undefined : seenIds.get(fact.kind.table),
    // Facts of the mapping before it that go to the same table: one row may yield both, under ids of their own.
    rivals: facts.slice(0, index).flatMap(({ kind }, at) => (kind.table === fact.kind.table ? [at] : [])),
  }))

  return {
    months,
    convert(record, batch) {
      const faults: RowFault[] = []
      const rows = plans.map(({ fact }) => fact.read(record.fields, faults))
      if (faults.length > 0) return rejectsOf(record, faults)
      const lines = rows.map((values) => (values === null ? null : copyLine(values)))
      const ids = rows.map((values, index) => values?.[plans[index]?.idAt ?? -1] ?? '')
      let conversion: Conversion = 'unused'
      for (const [index, { fact, seen, rivals }] of plans.entries()) {
        const line = lines[index] ?? null
        const id = ids[index] ?? ''
        if (seen === undefined || line === null) continue
        let sighting = seen.look(id, line)
        const rival = rivals.find((at) => ids[at] === id && lines[at] !== null)
        if (sighting === 'new' && rival !== undefined) sighting = lines[rival] === line ? 'same' : record.line
        if (typeof sighting === 'number') return rejectsOf(record, [namedTwice(fact.kind, id, sighting)])
        if (sighting === 'same') lines[index] = null
        if (conversion !== 'stored') conversion = sighting === 'same' ? 'repeated' : 'stored'
      }
      if (conversion !== 'stored') return conversion
      for (const [index, { timeAt, seen }] of plans.entries()) {
        const line = lines[index] ?? null
        if (line === null) continue
        seen?.keep(ids[index] ?? '', line, record.line)
        if (timeAt !== -1) months.add((rows[index]?.[timeAt] ?? '').slice(0, 7))
      }
      batch.add(record.line, record.text.slice(0, RECORD_MAX), lines)
      return conversion
    },
  }
}

function namedTwice({ name }: FactKind, id: string, row: number): RowFault {
  return { column: 'id', value: id, reason: `is the id of a different one of the ${name}, in row ${row}` }
}

/** The values of a fact as a line of COPY's text. */
export function copyLine(values: FactValues): string {
  return `${values.map(copyValue).join('\t')}\n`
}

/** One reject for each cell at fault; a cell that several facts read is named once. */
function rejectsOf({ line, text }: SourceRecord, faults: readonly RowFault[]): Reject[] {
  const known = new Set<string>()
  const rejects: Reject[] = []
  for (const { column, value, reason } of faults) {
    if (known.has(`${column}\n${reason}`)) continue
    known.add(`${column}\n${reason}`)
    rejects.push({ line, column, value, reason, text })
  }
  return rejects
}
