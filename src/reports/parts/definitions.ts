import { METRICS, type MetricKey } from '../../analytics/metrics/index.ts'
import type { Block } from '../document.ts'

/** How each number is computed, in words. */
export function definitionBlocks(metrics: readonly MetricKey[], more: readonly string[]): Block[] {
  const texts = metrics.map((key) => {
    const { label, formula, note } = METRICS[key]
    return `${label}: ${formula}. ${note}`
  })
  return [
    { kind: 'heading', level: 2, text: 'How the numbers are computed' },
    ...[...texts, ...more].map((text): Block => ({ kind: 'paragraph', text })),
  ]
}
