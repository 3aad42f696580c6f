import type { Column, Row, Table } from '../../document.ts'
import { assertValue } from './quantity.ts'

/** What of a table the rows are read by: charts have it too. */
export type RowSource = { title: string; columns: Column[]; rows: Table['rows'] }

/** The rows of a table in order, each checked against its columns, until the signal fires. */
export async function* readRows({ title, columns, rows }: RowSource, signal: AbortSignal): AsyncGenerator<Row> {
  let number = 0
  for await (const row of typeof rows === 'function' ? rows() : rows) {
    signal.throwIfAborted()
    number += 1
    for (const column of columns) {
      assertValue(row[column.key], column, `row ${number}, column "${column.label}" of "${title}"`)
    }
    yield row
  }
}
