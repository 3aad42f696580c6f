-- Grain: one row per queue and open state. Reads the partial indexes runs_waiting and runs_open only.
-- oldest_seconds: how long the oldest planned run that may run by now (not_before has passed, nothing it waits for is missing) waits.
select
  r.queue,
  r.state,
  count(*)::int as runs,
  extract(epoch from now() - min(greatest(r.planned_at, r.not_before)) filter (
    where r.state = 'planned' and r.not_before <= now() and not exists (
      select from run_dependencies d
      left join runs n on n.job = d.job and n.key = d.key
      where d.run_id = r.id and n.state is distinct from 'succeeded'
    )
  ))::double precision as oldest_seconds
from runs r
where r.state in ('planned', 'queued', 'running')
group by r.queue, r.state
