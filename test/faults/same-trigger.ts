import { createKey } from '../../src/people/people.ts'
import { given } from '../support/given.ts'
import { defineFault, verdict } from './fault.ts'

export const sameTrigger = defineFault({
  name: 'same-trigger',
  title: 'the same trigger 50 times in parallel, to two boards',
  mark: 'one run, one id',
  backends: ['postgres', 'redis'],
  servers: 'shared',
  alone: false,
  short: { days: 1, requests: 50 },
  long: { days: 20, requests: 50 },
  async run(world, { days, requests }) {
    await given.client(world.db)
    // Fifty at once is the point here, not how many one key may send.
    const atOnce = { REQUESTS_PER_SECOND: '1000' }
    const [one, two] = await Promise.all([world.start('board', atOnce), world.start('board', atOnce)])
    const headers = await operatorHeaders(world.db)
    const answers = []
    for (let day = 1; day <= days; day += 1) {
      const body = JSON.stringify({ clientId: 'acme', day: `2026-03-${String(day).padStart(2, '0')}` })
      const trigger = async (index: number) => {
        const board = index % 2 === 0 ? one : two
        const response = await fetch(`${board.url()}/api/jobs/roll-up-day/runs`, { method: 'POST', headers, body })
        return { day, status: response.status, runId: ((await response.json()) as { runId?: string }).runId }
      }
      answers.push(...(await Promise.all(Array.from({ length: requests }, (_, index) => trigger(index)))))
      world.say(`day ${day} of ${days}`)
    }
    const ids = new Set(answers.map(({ runId }) => runId))
    const created = answers.filter(({ status }) => status === 202).length
    const refused = answers.filter(({ status }) => status !== 202 && status !== 200)
    const rows = await world.db.selectFrom('runs').select('id').execute()
    return verdict({ triggers: answers.length, runs: rows.length, ids: ids.size, 'other answers': refused.length }, [
      [rows.length === days, `${rows.length} runs for ${days} triggers`],
      [ids.size === days && !ids.has(undefined), `${ids.size} ids for ${days} triggers`],
      [created === days, `${created} answers said that the run is new`],
      [refused.length === 0, `answers ${[...new Set(refused.map(({ status }) => status))].join(', ')}`],
    ])
  },
})

async function operatorHeaders(db: Parameters<typeof createKey>[0]): Promise<Record<string, string>> {
  const options = { name: 'faults', role: 'operator', clientId: null, expiresAt: null } as const
  const { key } = await createKey(db, options, { kind: 'command-line', id: 'faults', name: 'faults', ip: null })
  return { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' }
}
