import { currency, type FactKind, id, name, text, worth } from './kind.ts'

export const campaigns: FactKind = {
  name: 'campaigns',
  aliases: ['campaign'],
  table: 'campaigns',
  time: null,
  comesAlong: true,
  columns: {
    id,
    name,
    channel: text,
    starts_on: { type: 'date' },
    ends_on: { type: 'date' },
    budget_minor: worth,
    currency,
  },
  rules: [
    {
      columns: ['starts_on', 'ends_on'],
      broken: (from, to) =>
        from !== null && to !== null && to < from ? 'is before starts_on, when the campaign begins' : null,
    },
  ],
}
