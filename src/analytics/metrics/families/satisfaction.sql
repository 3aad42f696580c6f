-- agent_metrics from customer_satisfaction: adds the answers given in each local hour to the rows of the contacts.
-- Reads customer_satisfaction by (client_id, answered_at). Sets, never adds, and the day's rows were deleted in the
-- same transaction, so twice is the same as once. An answer counts in the hour it was given, not in that of the call it
-- is about.
insert into agent_metrics (
  client_id, day, hour_at, agent_id, sector_id, channel,
  {satisfaction}
)
select
  :client_id, :day, date_trunc('hour', answered_at, :time_zone), coalesce(agent_id, ''), coalesce(sector_id, ''), channel,
  count(csat), coalesce(sum(csat), 0), count(*) filter (where csat >= 4),
  count(nps), count(*) filter (where nps >= 9), count(*) filter (where nps <= 6),
  nullif(count(would_recommend), 0), nullif(count(*) filter (where would_recommend), 0)
from customer_satisfaction
where client_id = :client_id and answered_at >= :from and answered_at < :to
group by 3, 4, 5, 6
on conflict (client_id, day, hour_at, agent_id, sector_id, channel) do update set
  {satisfaction: # = excluded.#}
