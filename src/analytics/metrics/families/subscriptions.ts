import { dailyStep } from './daily-step.ts'
import type { Family } from './family.ts'

export const subscriptions: Family = {
  name: 'subscriptions',
  hours: [],
  days: [dailyStep(import.meta.dirname, 'subscriptions.sql', 'subscriptions')],
}
