import { dailyStep } from './daily-step.ts'
import type { Family } from './family.ts'

export const money: Family = {
  name: 'money',
  hours: [],
  days: [dailyStep(import.meta.dirname, 'money.sql', 'money')],
}
