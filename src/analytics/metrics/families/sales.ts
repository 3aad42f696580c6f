import { dailyStep } from './daily-step.ts'
import { type DayStep, dayStep, type Family } from './family.ts'

const rollUpSales = dailyStep(import.meta.dirname, 'sales.sql', 'sales', ['cycle_count'])
const rollUpCycles = dayStep(import.meta.dirname, 'sales-cycles.sql')

/** Deals closed on a day may lie in any month, so the second statement is left to the days on which some were won. */
const rollUp: DayStep = async (tx, day) => {
  const rows = await rollUpSales(tx, day)
  if (rows.some(({ cycle_count }) => (cycle_count ?? 0) > 0)) await rollUpCycles(tx, day)
}

export const sales: Family = { name: 'sales', hours: [], days: [rollUp] }
