import { dailyStep } from './daily-step.ts'
import type { Family } from './family.ts'

export const events: Family = {
  name: 'events',
  hours: [],
  days: [dailyStep(import.meta.dirname, 'events.sql', 'events')],
}
