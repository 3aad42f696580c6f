import { addDays, type Day } from '../../../time.ts'
import type { DocumentMeta } from '../../document.ts'
import type { Formatter } from './format-value.ts'

/** What every format states about itself, in the same words and order. */
export type FrontMatterLine = { label: string; value: string }

/** Ranges of provisional days named one by one before the rest is counted. */
const RANGES_SHOWN = 8

export function frontMatterOf(meta: DocumentMeta, formatter: Formatter): FrontMatterLine[] {
  return [
    { label: 'Client', value: meta.client.name },
    { label: 'Period', value: periodText(meta, formatter) },
    { label: 'Currency', value: currencyText(meta) },
    {
      label: 'Data as of',
      value: meta.dataAsOf === null ? 'no data had been rolled up' : formatter.minute(meta.dataAsOf),
    },
    { label: 'Status', value: meta.provisionalDays.length === 0 ? 'Final' : provisionalText(meta, formatter) },
    { label: 'Data quality', value: qualityText(meta) },
    { label: 'Execution', value: meta.executionId },
    { label: 'Generated', value: formatter.minute(meta.generatedAt) },
  ]
}

/** Why a report may still change: which days were missing or incomplete. */
export function provisionalText({ provisionalDays }: DocumentMeta, formatter: Formatter): string {
  const ranges = rangesOf(provisionalDays)
  const named = ranges
    .slice(0, RANGES_SHOWN)
    .map(({ first, last }) =>
      first === last ? dayText(first, formatter) : `${dayText(first, formatter)} to ${dayText(last, formatter)}`,
    )
  const rest = ranges.length > RANGES_SHOWN ? ' and others' : ''
  const count = provisionalDays.length === 1 ? '1 day was' : `${provisionalDays.length} days were`
  return `Provisional: ${count} missing or incomplete when this report was made (${named.join(', ')}${rest}). Numbers may change.`
}

function qualityText({ quarantinedFacts }: DocumentMeta): string {
  if (quarantinedFacts === 0) return 'no fact of the period contradicts itself'
  const [facts, are] =
    quarantinedFacts === 1
      ? ['1 fact', 'contradicts itself and is']
      : [`${quarantinedFacts} facts`, 'contradict themselves and are']
  return `${facts} of the period ${are} left out of every number`
}

function periodText({ window, timeZone }: DocumentMeta, formatter: Formatter): string {
  const last = addDays(window.to, -1)
  const days =
    last <= window.from
      ? `${formatter.longDay(window.from)}, one whole day`
      : `${formatter.longDay(window.from)} to ${formatter.longDay(last)}, both days included`
  return `${days}; it ends as ${formatter.longDay(window.to)} begins, time zone ${timeZone}`
}

function currencyText({ currency, language }: DocumentMeta): string {
  const name = new Intl.DisplayNames(language ?? 'en', { type: 'currency' }).of(currency)
  return name === undefined || name === currency ? currency : `${currency} (${name})`
}

function dayText(day: Day, formatter: Formatter): string {
  return formatter.value(day, { type: 'date' })
}

function rangesOf(days: Day[]): { first: Day; last: Day }[] {
  const ranges: { first: Day; last: Day }[] = []
  for (const day of [...days].sort()) {
    const open = ranges.at(-1)
    if (open !== undefined && addDays(open.last, 1) === day) open.last = day
    else ranges.push({ first: day, last: day })
  }
  return ranges
}
