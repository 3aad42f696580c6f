import { InputError } from '../../errors.ts'
import type { Report } from '../report.ts'
import { monthlyRevenue } from './monthly-revenue.ts'
import { performance } from './performance.ts'

/** Every report there is; a new one is one file and one line here. */
const REPORTS: Report<unknown>[] = [monthlyRevenue, performance]

export const reportNames = REPORTS.map((report) => report.name)

export function reportNamed(name: string): Report<unknown> {
  const report = REPORTS.find((known) => known.name === name)
  if (report) return report
  throw new InputError('unknown-report', `There is no report "${name}". There are: ${reportNames.join(', ')}.`)
}
