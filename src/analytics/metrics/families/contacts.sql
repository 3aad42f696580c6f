-- agent_metrics from interactions: one row per local hour, agent, sector and channel of one local day.
-- Reads interactions by (client_id, started_at). The day's rows were deleted in the same transaction, so twice is the same as once.
-- resolved_first stays 0 here: recount-repeats.sql fills it, for this day and for the days before it alike.
insert into agent_metrics (
  client_id, day, hour_at, agent_id, sector_id, channel,
  offered, answered, abandoned, short_abandoned, missed, answered_in_threshold,
  wait_answered_s, talk_s, hold_s, wrap_s, resolved, escalated, automated
)
select
  :client_id, :day, hour_at, agent_id, sector_id, channel,
  count(*) filter (where not short_abandoned),
  count(*) filter (where answered),
  count(*) filter (where status = 'abandoned' and not short_abandoned),
  count(*) filter (where short_abandoned),
  count(*) filter (where status = 'missed'),
  count(*) filter (where answered and wait_s <= :service_level_s),
  coalesce(sum(wait_s) filter (where answered), 0),
  coalesce(sum(talk_s) filter (where answered), 0),
  coalesce(sum(hold_s) filter (where answered), 0),
  coalesce(sum(wrap_s) filter (where answered), 0),
  count(*) filter (where answered and resolved),
  count(*) filter (where answered and escalated),
  count(*) filter (where answered and automated)
from (
  select
    date_trunc('hour', started_at, :time_zone) as hour_at,
    coalesce(agent_id, '') as agent_id, coalesce(sector_id, '') as sector_id, channel,
    status, status = 'answered' as answered, status = 'abandoned' and coalesce(wait_s < :short_abandon_s, false) as short_abandoned,
    wait_s, talk_s, hold_s, wrap_s, resolved, escalated, automated
  from interactions
  where client_id = :client_id and started_at >= :from and started_at < :to
) contacts
group by hour_at, agent_id, sector_id, channel
