import { AGENT_COMPONENTS, COMPONENTS, componentsOf } from './components.ts'
import { type DayStep, statementStep } from './families/family.ts'

/** What daily_metrics takes from the hours; money is its family's. */
const DAILY = (['contacts', 'satisfaction', 'quality', 'agentTime'] as const).flatMap(componentsOf)
/** What the client's row has zeros for until its family says otherwise. */
const OTHERS = COMPONENTS.filter((name) => !DAILY.includes(name))

const SUMS = `
  select
    grouping(hour_at, agent_id, sector_id, channel) as kind, hour_at, coalesce(agent_id, sector_id, channel, '') as member,
    ${AGENT_COMPONENTS.map((name) => `sum(${name}) as ${name}`).join(', ')}
  from agent_metrics
  where client_id = :client_id and day = :day
  group by grouping sets ((), hour_at, agent_id, sector_id, channel)`

const HOURS = `
  insert into performance_trends (client_id, grain, dimension, bucket_at, bucket_day, member, ${AGENT_COMPONENTS.join(', ')})
  select :client_id, 'hour', 'client', hour_at, :day, '', ${AGENT_COMPONENTS.join(', ')} from sums where kind = 7`

const DAYS = `
  insert into daily_metrics (client_id, day, dimension, member, ${[...DAILY, ...OTHERS].join(', ')})
  select
    :client_id, :day, case kind when 11 then 'agent' when 13 then 'sector' when 14 then 'channel' else 'client' end, member,
    ${DAILY.map((name) => `case kind when 15 then coalesce(${name}, 0) else nullif(${name}, 0) end`).join(', ')},
    ${OTHERS.map(() => 'case kind when 15 then 0 end').join(', ')}
  from sums where kind <> 7`

/**
 * Adds up agent_metrics of a day, read once: the rows of daily_metrics of the client, its agents, sectors and channels,
 * and the hours of performance_trends. The client has a row for every day, with zeros where there is nothing; the
 * others have null there. Replaces nothing: the day's rows were deleted in the same transaction.
 */
export const addUpHours: DayStep = statementStep(
  `with sums as materialized (${SUMS}), hours as (${HOURS}) ${DAYS}`,
  'add-up-hours',
)
