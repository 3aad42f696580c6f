import { addDays } from '../../../time.ts'
import type { DocumentMeta, ReportFormat } from '../../document.ts'

/**
 * `acme_monthly-revenue_2011-11.xlsx`: client, report, and the window as short as it can be said (year, month, day, or
 * first_last day); `acme_performance_2011-11_sector-sales.xlsx` when it is narrowed down.
 */
export function fileNameOf(
  { client, report, window, filters = {} }: Pick<DocumentMeta, 'client' | 'report' | 'window' | 'filters'>,
  format: ReportFormat,
): string {
  const narrowed = Object.entries(filters).map(([dimension, members]) => `${dimension}-${membersOf(members)}`)
  return `${[client.id, report, periodOf(window), ...narrowed].map(safe).join('_')}.${format}`
}

function membersOf([first = '', ...others]: readonly string[]): string {
  if (others.length > 0) return `${others.length + 1}-chosen`
  return first === '' ? 'none' : first.slice(0, 40)
}

function periodOf({ from, to }: DocumentMeta['window']): string {
  const first = Temporal.PlainDate.from(from)
  const ends = (unit: { days: number } | { months: number } | { years: number }) => first.add(unit).toString() === to
  if (ends({ days: 1 })) return from
  if (first.day === 1 && ends({ months: 1 })) return from.slice(0, 7)
  if (first.dayOfYear === 1 && ends({ years: 1 })) return from.slice(0, 4)
  return `${from}_${addDays(to, -1)}`
}

/** Letters, digits, `-` and `_` only, so that no system, header or shell reads anything else into the name. */
function safe(part: string): string {
  return part.replace(/[^A-Za-z0-9_-]+/g, '-')
}
