import type { Column, Row, Value } from '../../document.ts'
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
  const sums = new Map(
    columns.filter(({ total }) => total === 'sum').map((column) => [column.key, createSum(column, currency)]),
  )
  return {
    add(row) {
      for (const [key, sum] of sums) sum.add(row[key] ?? null)
    },
    result() {
      if (columns.every((column) => column.total === undefined)) return null
      return columns.map(({ key, total }) => (total === 'sum' ? sums.get(key)?.result() : total?.value))
    },
  }
}

/** An exact sum. Whole numbers are added as numbers for as long as that is exact; the rest as decimals. */
function createSum(column: Column, currency: string): { add(value: Value): void; result(): Decimal } {
  let whole = 0
  let rest = quantityOf(0, column, currency)
  const carry = () => {
    rest = addDecimals(rest, quantityOf(whole, column, currency))
    whole = 0
  }
  return {
    add(value) {
      if (typeof value !== 'number') return
      if (!Number.isSafeInteger(value)) rest = addDecimals(rest, quantityOf(value, column, currency))
      else {
        if (!Number.isSafeInteger(whole + value)) carry()
        whole += value
      }
    },
    result() {
      carry()
      return column.type === 'money' ? rest : trimDecimal(rest)
    },
  }
}
