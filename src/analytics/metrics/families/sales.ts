import { dailyStep } from './daily-step.ts'
import { dayStep, type Family } from './family.ts'

export const sales: Family = {
  name: 'sales',
  hours: [],
  days: [dailyStep(import.meta.dirname, 'sales.sql', 'sales'), dayStep(import.meta.dirname, 'sales-cycles.sql')],
}
