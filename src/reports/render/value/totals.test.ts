import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Column, Value } from '../../document.ts'
import { type Decimal, textOfDecimal } from './decimal.ts'
import { createTotals } from './totals.ts'

function sumOf(column: Omit<Column, 'key' | 'label'>, values: Value[]): string {
  const totals = createTotals([{ key: 'value', label: 'Value', total: 'sum', ...column }], 'EUR')
  for (const value of values) totals.add({ value })
  return textOfDecimal(totals.result()?.[0] as Decimal)
}

test('a total is exact, beyond what a number holds', () => {
  const large = Number.MAX_SAFE_INTEGER
  expect([
    sumOf({ type: 'money' }, [large, large, 1, -1, null]),
    sumOf({ type: 'money', currency: 'JPY' }, [-large, -large]),
    sumOf({ type: 'decimal' }, [0.1, 0.2, 1e-9, -1e-9]),
    sumOf({ type: 'duration' }, [0.5, 90_000]),
    sumOf({ type: 'money' }, []),
    sumOf({ type: 'money' }, [-0]),
  ]).toEqual(['180143985094819.82', '-18014398509481982', '0.3', '90000.5', '0.00', '0.00'])
})

test('a total of minor units is what whole numbers add up to', () => {
  fc.assert(
    fc.property(fc.array(fc.maxSafeInteger()), (values) => {
      const sum = values.reduce((total, value) => total + BigInt(value), 0n)
      expect(sumOf({ type: 'money', currency: 'JPY' }, values)).toBe(String(sum))
    }),
  )
})

test('a totals row has a value as the report gives it, and none without totals', () => {
  const columns: Column[] = [
    { key: 'name', label: 'Name', type: 'text' },
    { key: 'share', label: 'Share', type: 'percent', total: { value: 0.5 } },
    { key: 'gap', label: 'Gap', type: 'percent', total: { value: null } },
  ]
  expect(createTotals(columns, 'EUR').result()).toEqual([undefined, 0.5, null])
  expect(createTotals(columns.slice(0, 1), 'EUR').result()).toBeNull()
})
