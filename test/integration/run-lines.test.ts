import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { type AnyJob, on } from '../../src/queues/index.ts'
import { given } from '../support/given.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { openTestEngine, testJob } from '../support/test-engine.ts'

const { database } = await createTestDatabase({ connectionsMax: 12 })
const db = database.system
await given.client(db)
const ASKED = { origin: 'person', requestedBy: 'tester', again: 'no' } as const

const gate = { open: false }
const slow = testJob('slow', async (_payload, { log, progress }) => {
  log.info('first')
  log.warn('second')
  progress(0.5)
  while (!gate.open) await sleep(20)
  log.info('third')
})
const talker = testJob('talker', async (_payload, { log }) => {
  for (let line = 1; line <= 300; line += 1) log.info(`line ${line} ${'x'.repeat(line === 7 ? 5000 : 0)}`)
})
const { engine, close } = await openTestEngine('postgres', database, [slow, talker])
await engine.startScheduler()
await engine.startWorkers()
afterAll(() => close())

async function request(job: AnyJob): Promise<string> {
  return (await engine.ledger.request(on(job, { clientId: 'acme', name: 'x' }), ASKED)).runId
}

async function attemptsOf(id: string) {
  const attempts = (await engine.ledger.find(id))?.attempts ?? []
  return attempts.map(({ attempt, outcome, lines }) => ({
    attempt,
    outcome,
    lines: lines.map(({ level, message }) => `${level} ${message}`),
  }))
}

test('what a run logs and how far it is can be seen while it runs, also when its worker is lost, and once it has ended is there once', async () => {
  const id = await request(slow)
  const soFar = { attempt: 1, lines: ['info first', 'warn second'] }
  await expect.poll(() => attemptsOf(id)).toEqual([{ ...soFar, outcome: null }])
  await expect.poll(() => engine.ledger.find(id)).toMatchObject({ state: 'running', progress: 0.5 })
  // As when its worker has fallen silent: the ledger plans it again, and another takes it.
  await db.updateTable('runs').set({ node: 'silent' }).where('id', '=', id).execute()
  gate.open = true
  await expect
    .poll(() => attemptsOf(id))
    .toEqual([
      { ...soFar, outcome: 'lost' },
      { attempt: 2, outcome: 'succeeded', lines: ['info first', 'warn second', 'info third'] },
    ])
})

test('lines are kept in order up to a bound, and what was cut says so', async () => {
  const id = await request(talker)
  await expect.poll(async () => (await attemptsOf(id))[0]?.outcome).toBe('succeeded')
  const lines = (await attemptsOf(id))[0]?.lines ?? []
  expect(lines).toHaveLength(200)
  expect(lines.slice(0, 2)).toEqual(['info line 1 ', 'info line 2 '])
  expect(lines[6]?.length).toBe('info '.length + 1000)
  expect(lines[6]?.endsWith('x…')).toBe(true)
  expect(lines.at(-1)).toBe('info further lines are only in the log of the process')
})
