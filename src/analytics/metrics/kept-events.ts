import { sql } from 'kysely'
import type { ClientTransaction } from '../../db/database.ts'
import type { Day } from '../../time.ts'
import { componentsOf } from './components.ts'

/** What is made of raw events, which are dropped long before other facts: the time of agents, touchpoints, events. */
const OF_AGENTS = componentsOf('agentTime')
const OF_DAYS = ['touchpoints', 'events'] as const

const AGENT_KEY = ['client_id', 'day', 'hour_at', 'agent_id', 'sector_id', 'channel']
const DAY_KEY = ['client_id', 'dimension', 'day', 'member']

/** Rows of a day as JSON text, to be written again. */
type KeptEvents = { agents: string; days: string }

function names(...lists: (readonly string[])[]) {
  return sql.raw(lists.flat().join(', '))
}

/**
 * Of rows that were computed again and what there was, the larger number: months of events are dropped by UTC, so that
 * of a local day half its events may be left, and then it says less than it did.
 */
function largerOf(table: string, columns: readonly string[]) {
  return sql.raw(columns.map((name) => `${name} = greatest(${table}.${name}, excluded.${name})`).join(', '))
}

/**
 * What a day's roll-ups say of raw events that may have been dropped since, because they are older than `eventDays`;
 * null: the events are all there. To be read before the day is rolled up again, which would find none of them.
 */
export async function readKeptEvents(
  tx: ClientTransaction,
  { clientId, day, eventDays }: { clientId: string; day: Day; eventDays: number },
): Promise<KeptEvents | null> {
  // East of Greenwich a local day begins on the UTC day before it: of the first day that is kept the first hours may be
  // gone.
  const past = sql`${day}::date <= (now() - make_interval(days => ${eventDays}))::date`
  const { rows } = await sql<KeptEvents & { past: boolean }>`
    select
      ${past} as past,
      (select coalesce(jsonb_agg(m), '[]')::text from (
        select ${names(AGENT_KEY, OF_AGENTS)} from agent_metrics
        where ${past} and client_id = ${clientId} and day = ${day} and paid_s > 0
      ) m) as agents,
      (select coalesce(jsonb_agg(d), '[]')::text from (
        select ${names(DAY_KEY, OF_DAYS)} from daily_metrics
        where ${past} and client_id = ${clientId} and day = ${day} and (touchpoints > 0 or events > 0)
      ) d) as days`.execute(tx)
  return rows[0]?.past === true ? rows[0] : null
}

/** Puts the time of agents back into agent_metrics, where the roll-up found less of it. */
export async function restoreAgentTime(tx: ClientTransaction, { agents }: KeptEvents): Promise<void> {
  await sql`
    insert into agent_metrics (${names(AGENT_KEY, OF_AGENTS)})
    select ${names(AGENT_KEY, OF_AGENTS)} from jsonb_populate_recordset(null::agent_metrics, ${agents}::jsonb)
    on conflict (${names(AGENT_KEY)}) do update set ${largerOf('agent_metrics', OF_AGENTS)}`.execute(tx)
}

/** Puts touchpoints and events back into daily_metrics, where the roll-up found fewer. */
export async function restoreEvents(tx: ClientTransaction, { days }: KeptEvents): Promise<void> {
  await sql`
    insert into daily_metrics (${names(DAY_KEY, OF_DAYS)})
    select ${names(DAY_KEY, OF_DAYS)} from jsonb_populate_recordset(null::daily_metrics, ${days}::jsonb)
    on conflict (${names(DAY_KEY)}) do update set ${largerOf('daily_metrics', OF_DAYS)}`.execute(tx)
}
