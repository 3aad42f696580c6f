import {
  DAILY,
  daysOfChange,
  EVENING,
  everyDay,
  wrongDailyFires,
  wrongHalfHours,
  type ZoneDays,
} from '../support/zone-days.ts'
import { defineFault, verdict } from './fault.ts'
import type { World } from './world.ts'

export const everyZone = defineFault<{ every: boolean }>({
  name: 'every-zone',
  title:
    'clocks change: every IANA zone, 2026 to 2028, at 00:00, 01:30, 02:00, 02:30, 03:00, 23:30 and every half hour',
  mark: 'a daily schedule fires once on every local day; the half hours of days of 22 to 26 hours add up',
  // No queue is asked when a schedule fires.
  backends: ['postgres'],
  servers: 'shared',
  alone: false,
  short: { every: false },
  long: { every: true },
  async run(world, { every }) {
    const daily = every ? everyDay({ each: true }) : daysOfChange()
    // Of zones whose clocks never differ one will do for the half hours: they are 22 million.
    const halves = every ? everyDay({ each: false }) : daysOfChange()
    const wrong = [
      ...(await look(world, 'half hours', halves, wrongHalfHours)),
      ...(await look(world, 'daily', daily, (each) =>
        [...DAILY, EVENING].flatMap((cron) => wrongDailyFires(cron, each)),
      )),
    ]
    const zones = new Set([...daily, ...halves].map(({ zone }) => zone)).size
    return verdict({ zones, 'wrong days': wrong.length }, [[wrong.length === 0, wrong.slice(0, 5).join('; ')]])
  },
})

async function look(
  world: World,
  what: string,
  days: readonly ZoneDays[],
  wrongOf: (each: ZoneDays) => string[],
): Promise<string[]> {
  const wrong: string[] = []
  for (const [index, each] of days.entries()) {
    // Lets others have the thread, and hears an interrupt.
    await world.sleep(0)
    wrong.push(...wrongOf(each))
    if (index % 20 === 19) world.say(`${what}: ${index + 1} of ${days.length}`)
  }
  return wrong
}
