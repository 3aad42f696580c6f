-- Grain: one row per job and state of the runs planned in the last 24 hours. Reads runs_recent.
select
  job,
  state,
  count(*)::int as runs,
  percentile_cont(0.5) within group (order by extract(epoch from finished_at - started_at))::double precision as median_seconds,
  percentile_cont(0.95) within group (order by extract(epoch from finished_at - started_at))::double precision as p95_seconds
from runs
where planned_at > now() - interval '24 hours'
group by job, state
