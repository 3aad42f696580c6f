import { type FactColumn, type FactKind, id } from './kind.ts'
import { endsAfter } from './rules.ts'

const planned: FactColumn = { type: 'instant', required: true, mayBeAhead: true }

export const providerAvailability: FactKind = {
  name: 'provider-availability',
  aliases: ['availability', 'provider_availability'],
  table: 'provider_availability',
  time: 'starts_at',
  columns: { id, starts_at: planned, ends_at: planned, provider_id: id },
  rules: [endsAfter('ends_at', 'starts_at')],
}
