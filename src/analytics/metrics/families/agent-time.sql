-- agent_metrics from agent_status_changes: adds the seconds that each agent spent in each status in each local hour.
-- They have no channel. Reads agent_status_changes by (client_id, changed_at), from 24 hours before the day: a status
-- holds until the agent's next change, for 24 hours at most, and is cut at the edges of hours and of the day. Of
-- changes at the same instant the last by id holds. Every status but offline is paid. Seconds are whole: an edge is
-- taken at the second it lies in, so that the parts of a status add up. Sets, never adds, and the day's rows were
-- deleted in the same transaction, so twice is the same as once.
with changes as (
  select
    agent_id, sector_id, status, date_trunc('second', changed_at) as begins_at,
    date_trunc('second', least(
      changed_at + interval '24 hours', lead(changed_at, 1, 'infinity') over (partition by agent_id order by changed_at, id collate "C")
    )) as ends_at
  from agent_status_changes
  where client_id = :client_id and changed_at >= :from - interval '24 hours' and changed_at < :to
), pieces as (
  -- Local hours begin and end at half hours of the day, off the hour of UTC or not.
  select
    piece_at, c.agent_id, c.sector_id, c.status,
    least(c.ends_at, :to, piece_at + interval '30 minutes') - greatest(c.begins_at, :from, piece_at) as span
  from changes c
  cross join lateral generate_series(
    date_bin('30 minutes', greatest(c.begins_at, :from), :from), least(c.ends_at, :to) - interval '1 microsecond', interval '30 minutes'
  ) as piece_at
  where c.status <> 'offline' and c.ends_at > :from and c.ends_at > c.begins_at
)
insert into agent_metrics (
  client_id, day, hour_at, agent_id, sector_id, channel, {agentTime}
)
select
  :client_id, :day, date_trunc('hour', piece_at, :time_zone), agent_id, coalesce(sector_id, ''), '',
  extract(epoch from sum(span) filter (where status = 'available')), extract(epoch from sum(span) filter (where status = 'handling')),
  extract(epoch from sum(span) filter (where status = 'break')), extract(epoch from sum(span) filter (where status = 'training')),
  extract(epoch from sum(span))
from pieces
group by 3, 4, 5
on conflict (client_id, day, hour_at, agent_id, sector_id, channel) do update set
  {agentTime: # = excluded.#}
