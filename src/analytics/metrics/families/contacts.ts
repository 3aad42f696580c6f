import { dayStep, type Family } from './family.ts'

export const contacts: Family = {
  name: 'contacts',
  hours: [dayStep(import.meta.dirname, 'contacts.sql')],
  days: [],
}
