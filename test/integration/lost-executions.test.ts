import { expect, test } from 'vitest'
import { closeLostExecutions } from '../../src/reports/execution/close-lost-executions.ts'
import { given } from '../support/given.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system
const FINISHED_AT = '2026-03-02T01:00:00Z'

test('an execution ends with its run, also when nobody was left to say so; one that is tried again or done stays as it is', async () => {
  await given.client(db, {})
  const cases = [
    ['crashed', 'failed', 'the process of the run was killed by SIGKILL', 'running'],
    ['cancelled', 'cancelled', null, 'running'],
    ['tried again', 'queued', null, 'running'],
    ['done', 'failed', 'a retry failed', 'completed'],
  ] as const
  for (const [key, runState, message, state] of cases) {
    const run = {
      job: 'render-report',
      key,
      queue: 'reports',
      client_id: 'acme',
      payload: '{}',
      origin: 'person',
    } as const
    const ending = runState === 'queued' ? {} : { finished_at: FINISHED_AT, error_message: message }
    const { id } = await db
      .insertInto('runs')
      .values({ ...run, state: runState, ...ending })
      .returning('id')
      .executeTakeFirstOrThrow()
    await db
      .insertInto('executions')
      .values({
        client_id: 'acme',
        id,
        report: key,
        window_from: '2026-03-01',
        window_to: '2026-03-02',
        time_zone: 'UTC',
        currency: 'EUR',
        state,
      })
      .execute()
  }
  await closeLostExecutions(db)
  const executions = await db
    .selectFrom('executions')
    .select(['report', 'state', 'error_message', 'finished_at'])
    .orderBy('report')
    .execute()
  expect(executions).toEqual([
    { report: 'cancelled', state: 'failed', error_message: 'it was cancelled', finished_at: FINISHED_AT },
    { report: 'crashed', state: 'failed', error_message: cases[0][2], finished_at: FINISHED_AT },
    { report: 'done', state: 'completed', error_message: null, finished_at: null },
    { report: 'tried again', state: 'running', error_message: null, finished_at: null },
  ])
})
