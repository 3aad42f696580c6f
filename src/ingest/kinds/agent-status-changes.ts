import { type FactKind, happenedAt, id, reference } from './kind.ts'

export const agentStatusChanges: FactKind = {
  name: 'agent-status-changes',
  aliases: ['agent-status-change', 'agent-statuses', 'agent_status_changes'],
  table: 'agent_status_changes',
  time: 'changed_at',
  columns: {
    id,
    changed_at: happenedAt,
    agent_id: id,
    sector_id: reference,
    status: { type: 'text', required: true, oneOf: ['available', 'handling', 'break', 'training', 'offline'] },
  },
  rules: [],
}
