// The one file that holds all of it: the parts one by one are 600 files, and half of the program's start.
import { init } from 'echarts/dist/echarts.esm.min.mjs'
import { html, raw } from '../../../html.ts'
import type { Chart, DocumentMeta } from '../../document.ts'
import type { Formatter } from '../value/format-value.ts'
import { assertValue } from '../value/quantity.ts'
import { type ChartSize, chartOption, isLying } from './chart-option.ts'
import { chartColumns } from './chart-table.ts'
import { type ChartTheme, chartVariables, PAPER } from './chart-theme.ts'

/**
 * How a chart is drawn. `theme` fixes the colours; `'variables'` leaves them to the page (`--chart-1` …,
 * `--chart-text`, `--chart-grid`, `--chart-line`, `--chart-page`), and falls back to paper, and the font. `idPrefix`
 * keeps ids apart when one page shows a chart twice.
 */
export type ChartStyle = { size: ChartSize; theme: ChartTheme | 'variables'; idPrefix: string }

const BAR_PX = 24

/** A chart as one SVG element: no script, no style sheet, and the same text for the same chart every time. */
export function chartSvg(
  chart: Chart,
  meta: Pick<DocumentMeta, 'currency'>,
  formatter: Formatter,
  { size, theme, idPrefix }: ChartStyle,
): string {
  assertChart(chart)
  const drawing = {
    chart,
    currency: meta.currency,
    formatter,
    theme: theme === 'variables' ? PAPER : theme,
    size: fitted(chart, size),
  }
  const picture = init(null, null, { renderer: 'svg', ssr: true, ...drawing.size })
  try {
    picture.setOption(chartOption(drawing))
    const svg = withDescription(plainSvg(picture.renderToSVGString(), idPrefix), chart, idPrefix)
    return theme === 'variables' ? withVariables(svg) : svg.replace('<svg', '<svg font-family="Noto Sans, sans-serif"')
  } finally {
    picture.dispose()
  }
}

function assertChart(chart: Chart): void {
  chart.rows.forEach((row, index) => {
    for (const column of chartColumns(chart)) {
      assertValue(row[column.key], column, `row ${index + 1}, column "${column.label}" of the chart "${chart.title}"`)
    }
  })
}

/** Lying bars need a height of their own. */
function fitted(chart: Chart, size: ChartSize): ChartSize {
  if (!isLying(chart)) return size
  const bars = chart.rows.length * (chart.shape === 'bar' ? Math.max(1, chart.series.length * 0.7) : 1)
  return { width: size.width, height: Math.round(70 + bars * BAR_PX) }
}

/**
 * ECharts numbers its classes and clip paths by instance, adds hover styles and marks for its own scripts: none of it
 * belongs on paper.
 */
function plainSvg(svg: string, idPrefix: string): string {
  return svg
    .replace(/<style\s*>[\s\S]*?<\/style>\n?/g, '')
    .replace(/ (?:class|ecmeta_\w+|pointer-events)="[^"]*"/g, '')
    .replace(/ style="font-size:([\d.]+)px;font-family:[^;"]*;"/g, ' font-size="$1"')
    .replace(/\bzr\d+-/g, `${idPrefix}-`)
    .replace(/ xmlns:xlink="[^"]*"| version="1.1"| baseProfile="full"/g, '')
}

function withDescription(svg: string, { title, description }: Chart, idPrefix: string): string {
  const labels = `${idPrefix}-title ${idPrefix}-description`
  const words = html`<title id="${idPrefix}-title">${title}</title><desc id="${idPrefix}-description">${description}</desc>`
  return svg.replace(
    /^<svg([^>]*)>/,
    (_, attributes: string) => html`<svg${raw(attributes)} role="img" aria-labelledby="${labels}">${words}`.markup,
  )
}

function withVariables(svg: string): string {
  const names = new Map(Object.entries(chartVariables(PAPER)).map(([name, colour]) => [colour, name]))
  return svg.replace(/(fill|stroke)="(#[0-9a-f]{6})"/g, (whole, attribute: string, colour: string) => {
    const name = names.get(colour)
    return name === undefined ? whole : `${attribute}="var(${name},${colour})"`
  })
}
