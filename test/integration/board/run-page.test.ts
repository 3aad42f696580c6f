import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { given } from '../../support/given.ts'
import { openTestBoard, type Person, signIn } from '../../support/test-board.ts'
import { testJob } from '../../support/test-engine.ts'

const board = await openTestBoard({
  jobs: [testJob('roll-up-day', async () => {})],
  change: { clock: () => Temporal.Instant.from('2026-03-02T04:30:00Z') },
})
const db = board.database.system
await given.client(db, { id: 'acme', name: 'Acme', time_zone: 'Europe/Zurich' })
const operator = await signIn(board, 'operator')
const viewer = await signIn(board, 'viewer')

async function textOf(person: Person, path: string): Promise<string> {
  const response = await person.get(path)
  expect([path, response.status]).toEqual([path, 200])
  return (await response.text()).replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')
}

async function givenRun(attempts: number): Promise<string> {
  const id = randomUUID()
  await db
    .insertInto('runs')
    .values({
      id,
      job: 'roll-up-day',
      key: id,
      queue: 'aggregation',
      client_id: 'acme',
      night: '2026-03-01',
      window_from: '2026-03-01',
      window_to: '2026-03-02',
      late_at: '2026-03-02T05:00:00Z',
      payload: '{}',
      origin: 'schedule',
      state: 'running',
      attempt: attempts + 1,
      node: 'node-b',
      started_at: '2026-03-02T04:29:30Z',
      progress: 0.25,
    })
    .execute()
  await sql`insert into run_attempts (run_id, attempt, node, started_at, finished_at, outcome, error_code, error_message, error_stack)
    select ${id}, n, 'node-a', '2026-03-02T04:00:00Z', '2026-03-02T04:00:05Z', 'retried', 'error', 'no luck at try ' || n, 'at secret-place.ts:' || n
    from generate_series(1, ${attempts}::integer) n`.execute(db)
  await sql`insert into run_logs (run_id, attempt, line, level, message) values
    (${id}, ${attempts}, 1, 'info', 'what the try before said'), (${id}, ${attempts + 1}, 1, 'info', 'what it says now'),
    (${id}, ${attempts + 1}, 2, 'warn', 'and then')`.execute(db)
  return id
}

test('the page of a run shows every try: node, times, outcome, error, lines in order, and how far the one in progress is', async () => {
  const page = await textOf(operator, `/runs/${await givenRun(1)}`)
  for (const words of [
    'About 1 March 2026',
    'Late after 2 Mar 2026, 06:00 CET',
    'Try 2 Running 25 % 2 Mar 2026, 05:29 CET · 30.0 s so far · on node-b',
    'what it says now',
    'Try 1 Failed, tried again 2 Mar 2026, 05:00 CET · took 5.0 s · on node-a no luck at try 1 error',
    'what the try before said',
  ]) {
    expect(page).toContain(words)
  }
  expect(page.indexOf('what it says now')).toBeLessThan(page.indexOf('and then'))
})

test('where in the program it failed is shown to operators only', async () => {
  const id = await givenRun(1)
  expect(await textOf(operator, `/runs/${id}`)).toContain('secret-place.ts:1')
  expect(await textOf(viewer, `/runs/${id}`)).not.toContain('secret-place')
})

test('of a run that was tried very often the last tries are shown, and how many are not', async () => {
  const page = await textOf(operator, `/runs/${await givenRun(150)}`)
  expect(page).toContain('Try 151')
  expect(page).toContain('no luck at try 51 ')
  expect(page).not.toContain('no luck at try 50 ')
  expect(page).toContain('50 earlier tries are not shown.')
})
