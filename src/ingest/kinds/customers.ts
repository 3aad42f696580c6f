import { type FactKind, id, text } from './kind.ts'

export const customers: FactKind = {
  name: 'customers',
  aliases: ['customer'],
  table: 'customers',
  time: null,
  comesAlong: true,
  columns: {
    id,
    name: text,
    role: { ...text, whenEmpty: 'client' },
    country: text,
    attributes: { type: 'attributes', max: 10_000, whenEmpty: '{}' },
    first_contact_at: { type: 'instant', earliest: true },
  },
  rules: [],
}
