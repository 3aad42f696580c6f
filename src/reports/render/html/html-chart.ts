import { type Html, html, raw } from '../../../html.ts'
import type { Chart, DocumentMeta } from '../../document.ts'
import { chartSvg } from '../chart/chart-svg.ts'
import type { Formatter } from '../value/format-value.ts'

const WIDE = { width: 680, height: 270 }
const NARROW = { width: 360, height: 260 }

/**
 * How often a chart is drawn on a page: twice where the page may be a phone (style sheets show one of them), once on
 * paper.
 */
export function chartHtml(
  chart: Chart,
  title: Html,
  {
    meta,
    formatter,
    narrow,
    numbers,
  }: { meta: DocumentMeta; formatter: Formatter; narrow: boolean; numbers: Html | null },
): Html {
  const caption = html`<figcaption>${title}</figcaption>`
  if (chart.rows.length === 0)
    return html`<figure class="chart">${caption}<p class="empty">There is nothing to draw for this period.</p></figure>`
  const draw = (size: typeof WIDE, name: string) =>
    html`<div class="chart-${name}">${raw(chartSvg(chart, meta, formatter, { size, theme: 'variables', idPrefix: `${chart.id}-${name}` }))}</div>`
  return html`<figure class="chart">${caption}${draw(WIDE, 'wide')}${narrow && draw(NARROW, 'narrow')}${numbers}</figure>`
}
