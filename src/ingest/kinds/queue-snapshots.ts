import { channel, type FactColumn, type FactKind, happenedAt, id, reference, SECONDS_MAX } from './kind.ts'

const people: FactColumn = { type: 'integer', min: 0, max: 1_000_000 }

export const queueSnapshots: FactKind = {
  name: 'queue-snapshots',
  aliases: ['queue-snapshot', 'queues', 'queue_snapshots'],
  table: 'queue_snapshots',
  time: 'taken_at',
  columns: {
    id,
    taken_at: happenedAt,
    sector_id: reference,
    channel: { ...channel, whenEmpty: 'voice' },
    waiting: { type: 'integer', min: 0, max: 1_000_000, required: true },
    longest_wait_s: { type: 'seconds', min: 0, max: SECONDS_MAX },
    agents_available: people,
    agents_handling: people,
  },
  rules: [
    {
      columns: ['waiting', 'longest_wait_s'],
      broken: (waiting, longest) =>
        waiting === '0' && Number(longest) > 0 ? 'is more than 0, and nobody waits' : null,
    },
  ],
}
