import { isDeepStrictEqual } from 'node:util'
import { instantMs } from '../kinds/instant-ms.ts'
import type { ColumnType } from '../kinds/kind.ts'
import type { FactShape, FactValues } from './compile-mapping.ts'

/**
 * Whether two facts of a kind are one to the database, which knows instants whatever their offset, and objects in any
 * order.
 */
export function saysTheSame({ kind, columns }: FactShape, one: FactValues, other: FactValues): boolean {
  return columns.every((name, index) => {
    const [a = null, b = null] = [one[index], other[index]]
    if (a === b) return true
    const type = kind.columns[name]?.type
    return a !== null && b !== null && type !== undefined && SAME[type]?.(a, b) === true
  })
}

/** Types of which one value has several texts. */
const SAME: Partial<Record<ColumnType, (a: string, b: string) => boolean>> = {
  instant: (a, b) => instantMs(a) === instantMs(b),
  attributes: (a, b) => isDeepStrictEqual(JSON.parse(a), JSON.parse(b)),
}
