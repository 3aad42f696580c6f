import { openDatabase } from '../../src/db/database.ts'
import { createLog } from '../../src/log.ts'
import { type Outage, survive } from '../support/scheduling-faults.ts'
import { defineFault, verdict } from './fault.ts'
import type { World } from './world.ts'

const HOUR_S = 3600
const DAY_S = 24 * HOUR_S
/** Where the outages begin: somewhere in the three years that hold every change of clocks there is. */
const FIRST = Temporal.Instant.from('2026-01-01T00:00:00Z')
const YEARS_S = 3 * 365 * DAY_S

/** One for each of the eight schedulers; half of them serve the system. */
const CONNECTIONS = 16

type Size = { zones: number; outages: number }

export const schedulerDown = defineFault<Size>({
  name: 'scheduler-down',
  title: 'the scheduler is down over midnight, or for three days, or restarted at 00:00:00; eight come back at once',
  mark: 'each window once (all), the last once (latest), no missed one (none)',
  // Planning is over before any queue is asked.
  backends: ['postgres'],
  servers: 'shared',
  alone: false,
  short: { zones: 12, outages: 3 },
  long: { zones: 418, outages: 60 },
  async run(world, { zones, outages }) {
    const drawn = Intl.supportedValuesOf('timeZone').map((zone) => ({ zone, draw: world.random.unit() }))
    const shuffled = drawn.toSorted((a, b) => a.draw - b.draw).map(({ zone }) => zone)
    const chosen = shuffled.slice(0, zones)
    const { runs, wrong } = await surviveAll(world, chosen, outages)
    return verdict({ outages, zones: chosen.length, runs, wrong: wrong.length }, [
      [wrong.length === 0, wrong.slice(0, 5).join('; ')],
      [runs > 0, 'nothing was planned at all'],
    ])
  },
})

async function surviveAll(world: World, zones: string[], outages: number): Promise<{ runs: number; wrong: string[] }> {
  const database = openDatabase(world.databaseUrl, { max: CONNECTIONS, log: createLog('silent') })
  const wrong: string[] = []
  let runs = 0
  try {
    for (let index = 0; index < outages; index += 1) {
      world.signal.throwIfAborted()
      const outage = { zones, ...outageOf(index, world.random.unit()) }
      const found = await survive(database.system, outage)
      runs += found.runs
      wrong.push(...found.wrong.map((each) => `${String(outage.from)} to ${String(outage.until)}: ${each}`))
      world.say(`outage ${index + 1} of ${outages}`)
    }
    return { runs, wrong }
  } finally {
    await database.close()
  }
}

/** In turn: two hours over a midnight of UTC, three days, and until a midnight of UTC to the millisecond. */
function outageOf(index: number, draw: number): Pick<Outage, 'from' | 'until'> {
  const day = FIRST.add({ seconds: Math.floor((draw * YEARS_S) / DAY_S) * DAY_S })
  const within = Math.floor(draw * 1e6) % DAY_S
  switch (index % 3) {
    case 0:
      return { from: day.subtract({ seconds: HOUR_S }), until: day.add({ seconds: HOUR_S }) }
    case 1:
      return { from: day.add({ seconds: within }), until: day.add({ seconds: within + 3 * DAY_S }) }
    default:
      return { from: day.subtract({ seconds: DAY_S / 2 }), until: day }
  }
}
