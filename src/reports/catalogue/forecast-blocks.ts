import type { StoredForecast } from '../../analytics/forecasts/index.ts'
import { addDays } from '../../time.ts'
import type { Block, Chart, Table } from '../document.ts'
import { windowLabel } from '../period.ts'

const EXPECTED = { type: 'decimal', digits: 0, key: 'expected', label: 'Expected' } as const

/** The days after a report's period, as they were forecast; or that there is no forecast. */
export function forecastBlocks(forecast: StoredForecast | null, locale: string): Block[] {
  const heading: Block = { kind: 'heading', level: 2, text: 'Coming days' }
  if (forecast === null || forecast.days.length === 0) {
    const text =
      'There is no forecast of the days after this period. One is made every night from 60 days of history on.'
    return [heading, { kind: 'note', tone: 'info', text }]
  }
  return [
    heading,
    { kind: 'paragraph', text: forecastText(forecast, locale) },
    forecastChart(forecast),
    forecastTable(forecast),
  ]
}

function forecastChart({ days }: StoredForecast): Chart {
  return {
    kind: 'chart',
    id: 'forecast-chart',
    title: 'Expected contacts by day, with the 80 % interval',
    shape: 'line',
    category: { key: 'day', label: 'Day', type: 'date' },
    series: [{ ...EXPECTED, band: { low: 'low80', high: 'high80' } }],
    rows: days,
    description:
      'Offered contacts expected on each of the coming days, with the range that four days in five should fall into.',
  }
}

function forecastTable({ days }: StoredForecast): Table {
  const bound = (key: string, label: string) => ({ ...EXPECTED, key, label })
  return {
    kind: 'table',
    id: 'forecast',
    title: 'Expected contacts',
    columns: [
      { key: 'day', label: 'Day', type: 'date' },
      EXPECTED,
      bound('low80', '80 % from'),
      bound('high80', '80 % to'),
      bound('low95', '95 % from'),
      bound('high95', '95 % to'),
    ],
    rows: days,
    empty: 'No days.',
  }
}

function forecastText(forecast: StoredForecast, locale: string): string {
  const { madeOn, historyDays, backtestMase, backtestCoverage80 } = forecast
  const lastDay = windowLabel({ from: madeOn, to: addDays(madeOn, 1) }, locale)
  const made = `Offered contacts, forecast after ${lastDay} from ${historyDays} days of history.`
  if (backtestMase === null || backtestCoverage80 === null) return made
  const coverage = `${Math.round(backtestCoverage80 * 100)} %`
  return `${made} Tried on the past, its error was ${backtestMase.toFixed(2)} of that of “the same as a week ago”, and ${coverage} of the days fell into the 80 % interval.`
}
