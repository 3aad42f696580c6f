import { dayStep, type Family } from './family.ts'

export const satisfaction: Family = {
  name: 'satisfaction',
  hours: [dayStep(import.meta.dirname, 'satisfaction.sql')],
  days: [dayStep(import.meta.dirname, 'satisfaction-days.sql')],
}
