import { bootTogether } from '../support/scheduling-faults.ts'
import { defineFault, verdict } from './fault.ts'

export const nodesBootTogether = defineFault<{ rounds: number }>({
  name: 'boot-together',
  title: '8 nodes boot at once with 100 schedules that nobody has made yet, and again with three days unplanned',
  mark: 'no duplicate, no error',
  backends: ['postgres', 'redis'],
  servers: 'shared',
  alone: false,
  short: { rounds: 1 },
  long: { rounds: 20 },
  async run(world, { rounds }) {
    const redisUrl = world.backend === 'redis' ? world.redisUrl : undefined
    const size = { nodes: 8, schedules: 100, rounds }
    const { runs, wanted, wrong } = await bootTogether({ databaseUrl: world.databaseUrl, redisUrl, ...size })
    return verdict({ rounds, runs, wanted, 'errors and warnings': wrong.length }, [
      [wrong.length === 0, wrong.slice(0, 5).join('; ')],
      [runs === wanted, `${runs} runs instead of ${wanted}`],
    ])
  },
})
