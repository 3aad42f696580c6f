-- Grain: one row per client with prepared journeys of days that were rolled up again since, by late facts: the day they
-- were prepared for.
-- $1 the job that prepares, $2 the job that rolls up, $3 how old they must be, in seconds: facts that come late all day
-- are not answered by preparing all day.
-- Left out while roll-ups or a preparation are on their way, and where the last preparation, however it ended, has seen
-- the roll-ups. Reads prepared_journeys and rollup_days by key, runs by runs_window and what is open.
select c.id as "clientId", p.day
from clients c
cross join lateral (
  select day, prepared_at from prepared_journeys where client_id = c.id order by day desc limit 1
) p
left join lateral (
  select max(finished_at) as finished_at from runs
  where client_id = c.id and job = $1 and window_to = p.day + 1
) last on true
where p.prepared_at < clock_timestamp() - make_interval(secs => $3)
  and exists (
    select from rollup_days d
    where d.client_id = c.id and d.day > p.day - 760 and d.day <= p.day
      and d.rolled_at > greatest(p.prepared_at, last.finished_at)
  )
  and not exists (
    select from runs o where o.client_id = c.id and o.job in ($1, $2) and o.state in ('planned', 'queued', 'running')
  )
order by c.id
