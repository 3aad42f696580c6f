import { dayStep, type Family } from './family.ts'

export const agentTime: Family = {
  name: 'agentTime',
  hours: [dayStep(import.meta.dirname, 'agent-time.sql')],
  days: [],
}
