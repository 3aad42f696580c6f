import { dayStep, type Family } from './family.ts'

export const quality: Family = {
  name: 'quality',
  hours: [dayStep(import.meta.dirname, 'quality.sql')],
  days: [],
}
