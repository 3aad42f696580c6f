import type { Component, ComponentSums } from '../metrics/index.ts'

/** Adds sums to others, component by component. */
export function addTo(total: ComponentSums, sums: ComponentSums): void {
  for (const name in sums) {
    const component = name as Component
    total[component] = (total[component] ?? 0) + (sums[component] ?? 0)
  }
}

/** The sums of nothing. */
export function zeros(components: readonly Component[]): ComponentSums {
  return Object.fromEntries(components.map((name) => [name, 0]))
}
