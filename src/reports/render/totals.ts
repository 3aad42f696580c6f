import type { Column, Row, Value } from '../document.ts'
import { addDecimals, type Decimal, trimDecimal } from './decimal.ts'
import { quantityOf } from './quantity.ts'

/** What the totals row holds under one column: an exact sum, a value as the report gives it, or nothing (undefined). */
export type Total = Decimal | Value | undefined

export type Totals = {
  add(row: Row): void
  /** In the order of the columns; null when no column has a total. The sum of nothing is 0, as in a spreadsheet. */
  result(): Total[] | null
}

/** Adds the columns of a table up while its rows go by. */
export function createTotals(columns: Column[], currency: string): Totals {
  const summed = columns.filter((column) => column.total === 'sum')
  const sums = new Map<string, Decimal>(summed.map((column) => [column.key, quantityOf(0, column, currency)]))
  const sumOf = ({ key, type }: Column) => {
    const sum = sums.get(key) as Decimal
    return type === 'money' ? sum : trimDecimal(sum)
  }
  return {
    add(row) {
      for (const column of summed) {
        const value = row[column.key]
        if (typeof value !== 'number') continue
        sums.set(column.key, addDecimals(sums.get(column.key) as Decimal, quantityOf(value, column, currency)))
      }
    },
    result() {
      if (columns.every((column) => column.total === undefined)) return null
      return columns.map((column) => (column.total === 'sum' ? sumOf(column) : column.total?.value))
    },
  }
}
