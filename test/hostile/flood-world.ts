import { sql } from 'kysely'
import { AGENT_COMPONENTS } from '../../src/analytics/metrics/index.ts'
import type { SystemDatabase } from '../../src/db/database.ts'
import { OURS } from './visitors.ts'

/** The largest answer there is has ten thousand groups: so many agents for every day of a year. */
const AGENTS = 27
/** The year, the one before it, and the one before that: what is asked about is compared to both. */
const DAYS = 3 * 366
const EVENTS = 50_000
const CUSTOMERS = 5000
const JOURNEY_DAYS = 80

export type FloodWorld = { from: string; to: string; journeyFrom: string }

/**
 * A client with years of roll-ups by agent and months of events, filled as if they had been rolled up: dear to ask
 * about.
 */
export async function givenDearClient(db: SystemDatabase): Promise<FloodWorld> {
  const today = Temporal.Now.plainDateISO('UTC')
  const first = today.subtract({ days: DAYS }).toString()
  await sql`insert into rollup_days (client_id, day, facts_version, rolled_version, rolled_at)
    select ${OURS}, ${first}::date + n, 1, 1, now() from generate_series(0, ${DAYS - 1}::integer) as n
    on conflict do nothing`.execute(db)
  const names = sql.raw(AGENT_COMPONENTS.join(', '))
  const values = sql.raw(
    AGENT_COMPONENTS.map((_, index) => `1000 + (n * 7919 + m * 104729 + ${index} * 31) % 9000`).join(', '),
  )
  for (const [dimension, members] of [
    ['client', 1],
    ['agent', AGENTS],
  ] as const) {
    await sql`insert into daily_metrics (client_id, dimension, day, member, ${names})
      select ${OURS}, ${dimension}, ${first}::date + n, case when ${dimension} = 'client' then '' else 'agent-' || m end, ${values}
      from generate_series(0, ${DAYS - 1}::integer) as n, generate_series(1, ${members}::integer) as m`.execute(db)
  }
  const journeyFrom = today.subtract({ days: JOURNEY_DAYS }).toString()
  await givenEvents(db, journeyFrom)
  await sql`analyze`.execute(db)
  return { from: today.subtract({ days: 365 }).toString(), to: today.toString(), journeyFrom }
}

async function givenEvents(db: SystemDatabase, from: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    // No day is to be marked: what is filled stands for facts that are rolled up.
    await sql`set local session_replication_role = replica`.execute(tx)
    await sql`insert into analytics_events (client_id, id, occurred_at, name, customer_id, session_id)
      select ${OURS}, 'e' || n, ${from}::timestamptz + n * (interval '1 day' * ${JOURNEY_DAYS} / ${EVENTS}),
        case n % 3 when 0 then 'visit' when 1 then 'sign-up' else 'order' end, 'c' || n % ${CUSTOMERS}, 's' || n
      from generate_series(0, ${EVENTS - 1}::integer) as n`.execute(tx)
  })
}
