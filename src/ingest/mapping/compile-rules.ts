import type { FactKind } from '../kinds/kind.ts'
import type { FactValues } from './compile-mapping.ts'

export type CompiledRule = {
  /** The place of the column that is blamed. */
  blamed: number
  broken(values: FactValues): string | null
}

/** The rules of a kind that can be asked of facts with these columns, in this order. */
export function compileRules(kind: FactKind, columns: readonly string[]): CompiledRule[] {
  return kind.rules.flatMap((rule) => {
    const places = rule.columns.map((name) => columns.indexOf(name))
    const blamed = places.at(-1) ?? -1
    if (places.includes(-1)) return []
    const all = [...places, ...(rule.optional ?? []).map((name) => columns.indexOf(name))]
    return [{ blamed, broken: (values) => rule.broken(...all.map((place) => values[place] ?? null)) }]
  })
}
