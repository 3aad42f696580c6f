import { type FactKind, happenedAt, id, reference, text } from './kind.ts'

export const leadStageChanges: FactKind = {
  name: 'lead-stage-changes',
  aliases: ['lead-stage-change', 'stage-changes', 'lead_stage_changes'],
  table: 'lead_stage_changes',
  time: 'changed_at',
  columns: {
    id,
    changed_at: happenedAt,
    lead_id: id,
    from_stage: text,
    to_stage: { ...text, required: true },
    customer_id: reference,
    agent_id: reference,
  },
  rules: [
    {
      columns: ['from_stage', 'to_stage'],
      broken: (from, to) => (from === to ? 'is the stage that it comes from' : null),
    },
  ],
}
