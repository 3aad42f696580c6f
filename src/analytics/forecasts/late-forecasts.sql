-- Grain: one row per client whose newest forecast had nothing to forecast from: none is on record for its day, it
-- failed or found too little, and days of the year up to then have been rolled up since it began. One row is enough:
-- nobody needs the forecasts of the days before. $1 the job, $2 the metric, $3 days of history that a forecast takes,
-- $4 the job that rolls up a day. Left out while days are on their way, so that it is made once, from all of them, and
-- where nothing has changed since somebody cancelled it. Reads runs by runs_window and what is open, forecasts and
-- rollup_days by key.
select c.id as "clientId", newest.day
from clients c
cross join lateral (
  select window_from as day, state, greatest(started_at, cancel_requested_at) as since
  from runs where client_id = c.id and job = $1 and window_to is not null
  order by window_to desc limit 1
) newest
where newest.state in ('succeeded', 'failed')
  and not exists (
    select from forecasts f where f.client_id = c.id and f.metric = $2 and f.sector_id = '' and f.made_on = newest.day
  )
  and (
    select count(*) >= $3::integer and max(d.rolled_at) > newest.since
    from rollup_days d
    where d.client_id = c.id and d.day > newest.day - 365 and d.day <= newest.day and d.rolled_at is not null
  )
  and not exists (
    select from runs o
    where o.client_id = c.id and o.job = $4 and o.state in ('planned', 'queued', 'running') and o.window_from <= newest.day
  )
order by c.id
