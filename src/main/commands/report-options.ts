import { COMPARISONS, type Comparison } from '../../analytics/questions/index.ts'
import { InputError } from '../../errors.ts'
import { REPORT_FORMATS, type ReportFormat } from '../../reports/document.ts'
import { PERIODS, type Period } from '../../reports/period.ts'

export function parseFormats(text: string): ReportFormat[] {
  const wanted = text.split(',').map((format) => format.trim())
  const known = REPORT_FORMATS.filter((format) => wanted.includes(format))
  if (known.length !== wanted.length)
    throw new InputError('format', `Formats are ${REPORT_FORMATS.join(', ')}; "${text}" has another.`)
  return known
}

export function parsePeriod(text: string): Period {
  const period = PERIODS.find((known) => known === text)
  if (period !== undefined) return period
  throw new InputError('window', `Periods are ${PERIODS.join(', ')}; "${text}" is none.`)
}

export type Only = Record<string, string[]>

/**
 * `sector=sales`; the option may be given again, for the same dimension too. Whether the report can is said by whoever
 * makes it.
 */
export function parseOnly(text: string, before: Only): Only {
  const [, dimension, member] = /^([a-z-]+)=(.*)$/.exec(text) ?? []
  if (dimension === undefined || member === undefined)
    throw new InputError('only', `Write --only sector=sales; "${text}" names no dimension and member.`)
  return { ...before, [dimension]: [...(before[dimension] ?? []), member] }
}

export function parseComparisons(text: string): Comparison[] {
  const wanted = text === 'none' ? [] : text.split(',').map((comparison) => comparison.trim())
  const known = COMPARISONS.filter((comparison) => wanted.includes(comparison))
  if (known.length === wanted.length) return known
  throw new InputError('compare', `A report is compared with ${COMPARISONS.join(', ')} or none; "${text}" has another.`)
}
