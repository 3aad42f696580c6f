import { dailyStep } from './daily-step.ts'
import type { Family } from './family.ts'

export const marketplace: Family = {
  name: 'marketplace',
  hours: [],
  days: [dailyStep(import.meta.dirname, 'marketplace.sql', 'marketplace')],
}
