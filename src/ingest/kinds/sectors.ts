import { type FactKind, id, name } from './kind.ts'

export const sectors: FactKind = {
  name: 'sectors',
  aliases: ['sector'],
  table: 'sectors',
  time: null,
  comesAlong: true,
  columns: { id, name },
  rules: [],
}
