import type { EChartsCoreOption } from 'echarts/core'
import type { Chart, Column, Row } from '../../document.ts'
import { numberOfDecimal } from '../value/decimal.ts'
import type { Formatter } from '../value/format-value.ts'
import { currencyOf, quantityOf } from '../value/quantity.ts'
import type { ChartTheme } from './chart-theme.ts'

export type ChartSize = { width: number; height: number }
type Drawing = { chart: Chart; currency: string; formatter: Formatter; theme: ChartTheme; size: ChartSize }
type Series = Chart['series'][number]

const DASHES = ['solid', [7, 4], [2, 3], [9, 3, 2, 3]]
const SYMBOLS = ['circle', 'rect', 'triangle', 'diamond']
/** With more points than this a line is drawn without a mark on each. */
const MARKED_POINTS_MAX = 40
/** Categories of text this long lie on the vertical axis, where they can be read. */
const UPRIGHT_LABEL_MAX = 10
const CATEGORY_LABEL_PX = 150
/** Steps a time axis may be cut into, in seconds. */
const DURATION_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400]
const STEPS_WANTED = 4

/** The picture of a chart as an ECharts option: no motion, no interaction, axes in the document's locale. */
export function chartOption(drawing: Drawing): EChartsCoreOption {
  const { chart, theme, size } = drawing
  const units = unitsOf(chart, drawing.currency)
  const category = categoryAxis(drawing)
  const values = units.map((unit) => valueAxis(unit, drawing))
  const lying = isLying(chart)
  const shown = chart.series.flatMap(({ label, band }) => [
    { name: label },
    ...(band === undefined || chart.shape !== 'line'
      ? []
      : [{ name: bandName(label), icon: 'rect', itemStyle: { opacity: 0.3 } }]),
  ])
  return {
    animation: false,
    color: theme.series,
    textStyle: { fontFamily: 'sans-serif', color: theme.text, fontSize: 11 },
    legend: shown.length > 1 ? legendOf(shown, theme) : { show: false },
    grid: {
      left: 4,
      right: 12,
      top: 12,
      bottom: shown.length > 1 ? legendHeight(shown, size) : 4,
      outerBoundsMode: 'same',
    },
    xAxis: lying ? values : category,
    yAxis: lying ? category : values,
    series: chart.series.flatMap((series, index) => drawSeries(series, index, units, drawing)),
  }
}

/** Bars named by long words lie down. */
export function isLying({ shape, category, rows }: Chart): boolean {
  if (shape === 'line' || category.type !== 'text') return false
  return rows.some((row) => String(row[category.key] ?? '').length > UPRIGHT_LABEL_MAX)
}

/** What the value axes measure: one for each unit of the series, two at most. */
function unitsOf(chart: Chart, currency: string): Column[] {
  const units = new Map(chart.series.map((series) => [unitKey(series, currency), series as Column]))
  if (units.size <= 2) return [...units.values()]
  throw new Error(
    `The chart "${chart.title}" mixes ${units.size} units; a chart has two axes at most. Make it two charts.`,
  )
}

function unitKey(column: Column, currency: string): string {
  return column.type === 'money' ? `money ${currencyOf(column, currency)}` : column.type.replace('integer', 'decimal')
}

function bandName(label: string): string {
  return `${label}, interval`
}

function legendOf(entries: { name: string }[], theme: ChartTheme) {
  return {
    data: entries,
    left: 4,
    bottom: 0,
    borderColor: theme.grid,
    itemWidth: 22,
    itemHeight: 9,
    itemGap: 16,
    selectedMode: false,
    textStyle: { color: theme.text, fontSize: 11 },
  }
}

/** Room for as many lines as the legend will take, at about 6 px a letter. */
function legendHeight(entries: { name: string }[], size: ChartSize): number {
  const width = entries.reduce((sum, { name }) => sum + 44 + 6 * name.length, 0)
  return 14 + 18 * Math.ceil(width / (size.width - 20))
}

function categoryAxis({ chart, theme, formatter }: Drawing) {
  const { category, rows } = chart
  const lying = isLying(chart)
  return {
    type: 'category',
    inverse: lying,
    data: rows.map((row) => categoryText(row, category, formatter)),
    boundaryGap: chart.shape !== 'line',
    axisTick: { show: false },
    axisLine: { lineStyle: { color: theme.line } },
    axisLabel: {
      color: theme.text,
      fontSize: 11,
      hideOverlap: true,
      ...(category.type === 'text' ? { overflow: 'truncate', width: lying ? CATEGORY_LABEL_PX : 80 } : {}),
      ...(lying ? { interval: 0 } : {}),
    },
  }
}

function categoryText(row: Row, category: Column, formatter: Formatter): string {
  const value = row[category.key] ?? null
  if (typeof value === 'string' && (category.type === 'date' || category.type === 'datetime')) {
    return formatter.axisTime(value, category.type)
  }
  return formatter.value(value, category).replace(/\s+/g, ' ')
}

function valueAxis(unit: Column, { chart, theme, formatter, currency }: Drawing) {
  return {
    type: 'value',
    splitNumber: STEPS_WANTED,
    ...(unit.type === 'integer' ? { minInterval: 1 } : {}),
    ...(unit.type === 'duration' ? { interval: durationStep(chart, currency) } : {}),
    scale: false,
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: theme.grid } },
    axisLabel: {
      color: theme.text,
      fontSize: 11,
      hideOverlap: true,
      formatter: (value: number) => formatter.axis(value, unit),
    },
  }
}

/** Times are cut at whole minutes and hours, not at 100 seconds. */
function durationStep(chart: Chart, currency: string): number {
  const timed = chart.series.filter((series) => series.type === 'duration')
  const sizes = chart.rows.flatMap((row) =>
    timed.map((series) => Math.abs(plotted(row[series.key] ?? null, series, currency) ?? 0)),
  )
  const wanted = sizes.reduce((largest, size) => Math.max(largest, size), 0) / STEPS_WANTED
  return DURATION_STEPS.find((step) => step >= wanted) ?? Math.ceil(wanted / 86_400) * 86_400
}

function drawSeries(series: Series, index: number, units: Column[], drawing: Drawing): object[] {
  const { chart, currency, theme } = drawing
  const lying = isLying(chart)
  const axis = units.findIndex((unit) => unitKey(unit, currency) === unitKey(series, currency))
  const colour = theme.series[index % theme.series.length] as string
  const data = chart.rows.map((row) => plotted(row[series.key] ?? null, series, currency))
  const base = { name: series.label, data, silent: true, color: colour, [lying ? 'xAxisIndex' : 'yAxisIndex']: axis }
  if (chart.shape !== 'line')
    return [barSeries(base, theme, chart.shape === 'stacked-bar' ? { stack: `axis ${axis}` } : {})]
  return [...bandSeries(series, index, axis, colour, drawing), lineSeries(base, index, chart.rows.length)]
}

function barSeries(base: object, theme: ChartTheme, stack: { stack?: string }) {
  const edge = 'stack' in stack ? { itemStyle: { borderColor: theme.page, borderWidth: 0.75 } } : {}
  return { ...base, ...stack, ...edge, type: 'bar', barMaxWidth: 34, barCategoryGap: '32%', barGap: '8%' }
}

function lineSeries(base: object, index: number, points: number) {
  return {
    ...base,
    type: 'line',
    symbol: SYMBOLS[index % SYMBOLS.length],
    // Small dots keep single points between gaps visible.
    symbolSize: points > MARKED_POINTS_MAX ? 1.5 : 5,
    showAllSymbol: true,
    lineStyle: { width: 2, type: DASHES[index % DASHES.length] },
    z: 3,
  }
}

/** An interval as an area: an unseen line at its lower end, and the width stacked on it. */
function bandSeries(
  series: Series,
  index: number,
  axis: number,
  colour: string,
  { chart, currency }: Drawing,
): object[] {
  const { band } = series
  if (band === undefined) return []
  const base = {
    type: 'line',
    stack: `band ${index}`,
    stackStrategy: 'all',
    yAxisIndex: axis,
    symbol: 'none',
    silent: true,
    z: 1,
  }
  const unseen = { lineStyle: { opacity: 0 }, color: colour }
  const ends = chart.rows.map((row) => ({
    low: plotted(row[band.low] ?? null, series, currency),
    high: plotted(row[band.high] ?? null, series, currency),
  }))
  return [
    {
      ...base,
      ...unseen,
      name: `${bandName(series.label)}, lower end`,
      data: ends.map(({ low, high }) => (high === null ? null : low)),
    },
    {
      ...base,
      ...unseen,
      name: bandName(series.label),
      data: ends.map(({ low, high }) => (low === null || high === null ? null : high - low)),
      areaStyle: { color: colour, opacity: 0.16 },
    },
  ]
}

/**
 * Where a value lies on its axis: major units for money. A position in a picture, so a binary fraction is good enough.
 */
function plotted(value: unknown, column: Column, currency: string): number | null {
  return typeof value === 'number' ? numberOfDecimal(quantityOf(value, column, currency)) : null
}
