import { channel, type FactKind, happenedAt, id, instant, longText, reference } from './kind.ts'
import { notBefore, onlyWhen } from './rules.ts'

export const qualityIssues: FactKind = {
  name: 'quality-issues',
  aliases: ['quality-issue', 'issues', 'call_quality_issues'],
  table: 'call_quality_issues',
  time: 'noted_at',
  columns: {
    id,
    noted_at: happenedAt,
    score_id: reference,
    interaction_id: reference,
    agent_id: reference,
    sector_id: reference,
    channel: { ...channel, whenEmpty: 'voice' },
    category: { type: 'text', required: true, oneOf: ['compliance', 'tone', 'procedure', 'documentation'] },
    severity: { type: 'text', required: true, oneOf: ['critical', 'major', 'minor'] },
    status: { type: 'text', oneOf: ['open', 'in-progress', 'resolved'], whenEmpty: 'open' },
    resolved_at: instant,
    description: longText,
  },
  rules: [notBefore('resolved_at', 'noted_at', 'the issue was noted'), onlyWhen('resolved_at', 'status', ['resolved'])],
}
