-- Closed days to roll up, of any client: those that changed since they were rolled up, and those without a row in
-- rollup_days between two with facts, on which nothing happened. Each client's oldest first, before any client's
-- second. $1 now, $2 the day up to which facts may be gone (null: they are kept), $3 how many, $4 the job that rolls
-- up. Left out is what is in progress, and what failed or was cancelled since it changed: to plan it again would change
-- nothing, or what somebody did not want (a cancelled re-run leaves its day done, as it was before). Once they are
-- planned, days are not found any more, so that who asks again and again comes to all of them.
-- Reads rollup_days by rollup_days_dirty and once whole, runs by (client_id, job, window_to).
with closed as (
  select r.client_id, r.day, r.changed_at, r.facts_version, r.rolled_version
  from rollup_days r join clients c on c.id = r.client_id
  where r.day < ($1::timestamptz at time zone c.time_zone)::date and r.day >= '1990-01-01'
), known as (
  select client_id, greatest(min(day), $2::date + 1) as first, max(day) as last
  from closed
  where facts_version > 0
  group by client_id
  having count(*) filter (where $2::date is null or day > $2::date) < max(day) - greatest(min(day), $2::date + 1) + 1
), late as (
  select client_id, day, changed_at from closed where facts_version > rolled_version and ($2::date is null or day > $2::date)
  union all
  select known.client_id, d::date, '-infinity'
  from known, generate_series(known.first, known.last, interval '1 day') d
  where not exists (select from rollup_days r where r.client_id = known.client_id and r.day = d::date)
)
select l.client_id as "clientId", l.day
from late l left join runs on runs.job = $4 and runs.client_id = l.client_id and runs.window_to = l.day + 1
where runs.id is null
  or (runs.state = 'succeeded' and coalesce(runs.cancel_requested_at < l.changed_at, true))
  or (runs.state in ('failed', 'cancelled') and runs.finished_at < l.changed_at)
order by row_number() over (partition by l.client_id order by l.day), l.client_id
limit $3
