import { beforeEach } from 'vitest'
import { askMetrics, createQuestions, type MetricsAnswer } from '../../src/analytics/questions/index.ts'
import type { MetricQuestion } from '../../src/analytics/questions/question.ts'
import { type Day } from '../../src/time.ts'
import { emptyDatabase } from './empty-database.ts'
import { ACME } from './given.ts'
import { rollUpDays } from './roll-up.ts'
import { createTestDatabase } from './test-database.ts'

/** Questions to a client’s metrics, at a fixed time. */

const { database } = await createTestDatabase()

export const db = database.system

export const acme = database.forClient(ACME)

beforeEach(async () => {
  await emptyDatabase(db)
})

export async function rollUpDirtyDays(clientId = ACME): Promise<void> {
  const days = await db
    .selectFrom('rollup_days')
    .select('day')
    .where('client_id', '=', clientId)
    .whereRef('facts_version', '>', 'rolled_version')
    .orderBy('day')
    .execute()
  for (const { day } of days) await rollUp(day, clientId)
}

export async function rollUp(day: Day, clientId = ACME): Promise<void> {
  await rollUpDays(database, clientId, [day])
}

const at = Temporal.Instant.from('2026-06-01T10:00:00Z')

const plain = { granularity: 'none', dimension: 'client', filters: {}, compare: [], at } as const

export type Asked = Partial<MetricQuestion> & Pick<MetricQuestion, 'metrics' | 'range'>

export const ask = (question: Asked, handle = acme) => askMetrics(handle, { clientId: ACME, ...plain, ...question })

const questions = createQuestions(database)
/** As a board answers: from what it has kept, where that is still so. */
export const askKept = (question: Asked) => questions.ask({ clientId: ACME, ...plain, ...question })

export const days = (from: Day, to: Day) => ({ from, to })

/** The values of groups: `{ 'anna 2026-03-01': [1, 2] }`. */
export function valuesOf({ groups, metrics }: MetricsAnswer): Record<string, (number | null | undefined)[]> {
  const named = groups.map(({ member, bucket, values }) => {
    const key = [member, bucket ?? ''].filter((part) => part !== '').join(' ')
    return [key, metrics.map(({ name }) => values[name]?.value)]
  })
  return Object.fromEntries(named)
}

export const totalOf = ({ period, metrics }: Pick<MetricsAnswer, 'period' | 'metrics'>) =>
  period.total === null ? null : metrics.map(({ name }) => period.total?.values[name]?.value)
