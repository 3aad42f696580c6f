import { channel, type FactColumn, type FactKind, happenedAt, id, longText, percent, reference, text } from './kind.ts'

const grade: FactColumn = { type: 'integer', min: 1, max: 5 }

export const qualityScores: FactKind = {
  name: 'quality-scores',
  aliases: ['quality-score', 'quality', 'call_quality_scores'],
  table: 'call_quality_scores',
  time: 'reviewed_at',
  columns: {
    id,
    reviewed_at: happenedAt,
    interaction_id: reference,
    agent_id: reference,
    sector_id: reference,
    channel: { ...channel, whenEmpty: 'voice' },
    reviewer: text,
    professionalism: grade,
    empathy: grade,
    resolution: grade,
    clarity: grade,
    responsiveness: grade,
    overall: { ...percent, required: true },
    audio_clarity: percent,
    background_noise: percent,
    comment: longText,
  },
  rules: [],
}
