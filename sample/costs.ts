import { HOUR_MS, SECOND_MS } from '../src/time.ts'
import type { Serial } from './calendar.ts'
import type { Duty, Roster } from './roster.ts'
import { hourlyCostMinor, idOf, isoOf, type SampleRows } from './rows.ts'
import type { SampleAgent } from './sample-client.ts'
import { hasTraining } from './statuses.ts'
import { endOfDayMs, type SampleWorld } from './world.ts'

type CostRow = SampleRows['cost_analysis'][number]
type Cost = Pick<CostRow, 'category' | 'amount_minor' | 'description'> & { atMs: number; agent: SampleAgent | null }

/** Bills of the month come on its first day, at this local hour. */
const BILLS_HOUR = 9
/** Not every hour of training is somebody else's bill. */
const PAID_TRAINING_EVERY = 3

/**
 * A row for each agent who was there, for training that was paid, and once a month for what runs and where one sits.
 */
export function costsOf(world: SampleWorld, serial: Serial, roster: Roster): CostRow[] {
  const { calendar } = world
  const day = calendar.dayAt(serial)
  const costs = [...monthlyCosts(world, serial), ...labourCosts(world, serial, roster)]
  return costs.map(({ atMs, agent, ...cost }, index) => ({
    client_id: calendar.client.id,
    id: idOf(day.day, 'e', index + 1),
    incurred_at: isoOf(atMs),
    ...cost,
    currency: calendar.client.currency,
    agent_id: agent?.id ?? null,
    sector_id: agent?.sectorId ?? null,
  }))
}

function monthlyCosts({ calendar }: SampleWorld, serial: Serial): Cost[] {
  const day = calendar.dayAt(serial)
  if (!day.day.endsWith('-01')) return []
  const { technologyMonthlyMinor, infrastructureMonthlyMinor } = calendar.client.costs
  const bill = { atMs: calendar.instantMs(day, BILLS_HOUR), agent: null }
  return [
    { ...bill, category: 'technology', amount_minor: technologyMonthlyMinor, description: 'Telephony and assistant' },
    { ...bill, category: 'infrastructure', amount_minor: infrastructureMonthlyMinor, description: 'Rent and power' },
  ]
}

function labourCosts(world: SampleWorld, serial: Serial, { present }: Roster): Cost[] {
  const { client } = world.calendar
  const lastMs = endOfDayMs(world, serial) - SECOND_MS
  const agents = [...new Set(present.map(({ agent }) => agent))]
  return agents.flatMap((agent) => {
    const duties = present.filter((duty) => duty.agent === agent)
    const atMs = Math.min(Math.max(...duties.map(({ toMs }) => toMs)), lastMs)
    const hours = duties.reduce((sum, duty) => sum + hoursOf(duty), 0)
    const labour = {
      atMs,
      agent,
      category: 'labour' as const,
      amount_minor: Math.round(hours * hourlyCostMinor(client, agent)),
      description: null,
    }
    const isPaid = hasTraining(client.agents, agent, serial) && serial % PAID_TRAINING_EVERY === 0
    if (!isPaid) return [labour]
    return [labour, { ...labour, category: 'training', amount_minor: client.costs.trainingMinor }]
  })
}

function hoursOf({ fromMs, toMs }: Duty): number {
  return (toMs - fromMs) / HOUR_MS
}
