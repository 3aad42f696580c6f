import { type FactKind, id, name, reference, worth } from './kind.ts'

export const agents: FactKind = {
  name: 'agents',
  aliases: ['agent'],
  table: 'agents',
  time: null,
  comesAlong: true,
  columns: {
    id,
    name,
    kind: { type: 'text', oneOf: ['person', 'assistant'], whenEmpty: 'person' },
    sector_id: reference,
    hourly_cost_minor: worth,
  },
  rules: [],
}
