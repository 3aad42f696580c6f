import { type FactKind, id, name } from './kind.ts'

export const sectors: FactKind = {
  name: 'sectors',
  aliases: ['sector'],
  table: 'sectors',
  time: null,
  columns: { id, name },
  rules: [],
}
