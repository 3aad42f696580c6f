-- resolved_first of agent_metrics: answered and resolved, and no later contact by the same customer on the same topic within
-- 7 days (168 hours, the last instant included). An unknown customer counts as not repeated; a topic nobody noted is one topic.
-- $1 client, $2 from, $3 to (half-open instants of the day that is being rolled up), $4 zone
-- A contact on this day may repeat one of the 7 days before it, so the rows of those days are counted again, whole, and written only
-- where the count has changed: twice is the same as once, and a contact that was deleted or moved is forgotten as well.
-- Reads interactions by (client_id, started_at), 7 days either side of the day, and agent_metrics by its whole primary key, row by row.
-- (A join would be left to the planner, who knows nothing of a table that is being filled for the first time, and joins in loops.)
with contacts as (
  select
    started_at, agent_id, sector_id, channel,
    status = 'answered' and resolved as resolved,
    customer_id is not null and count(*) over (
      partition by customer_id, topic order by started_at
      range between interval '1 microsecond' following and interval '168 hours' following
    ) > 0 as repeated
  from interactions
  where client_id = $1
    and started_at >= date_trunc('hour', $2::timestamptz - interval '168 hours', $4)
    and started_at < $3::timestamptz + interval '168 hours'
), counted as (
  select
    date_trunc('hour', started_at, $4) as hour_at,
    coalesce(agent_id, '') as agent_id, coalesce(sector_id, '') as sector_id, channel,
    count(*) filter (where resolved and not repeated) as resolved_first
  from contacts
  where started_at < $3
  group by 1, 2, 3, 4
), stale as materialized (
  select
    c.resolved_first,
    (
      select m.ctid from agent_metrics m
      where m.client_id = $1 and m.day = (c.hour_at at time zone $4)::date
        and m.hour_at = c.hour_at and m.agent_id = c.agent_id and m.sector_id = c.sector_id and m.channel = c.channel
        and m.resolved_first <> c.resolved_first
    ) as row_id
  from counted c
)
update agent_metrics m set resolved_first = s.resolved_first
from stale s
where m.ctid = s.row_id
