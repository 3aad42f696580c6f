import { dailyStep } from './daily-step.ts'
import type { Family } from './family.ts'

export const campaigns: Family = {
  name: 'campaigns',
  hours: [],
  days: [dailyStep(import.meta.dirname, 'campaigns.sql', 'campaigns')],
}
