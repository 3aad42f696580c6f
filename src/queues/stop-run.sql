-- Stops one run: what is planned or queued is cancelled at once, what runs is asked to stop. A re-run of what was done
-- is done again then (leave_run_done). Twice is the same as once. $1 run, $2 who asks.
-- Returns the run with the state it was in when it was or could not be stopped: read under the lock, so that nobody
-- changes it in between.
with held as (
  select id, job, key, queue, state from runs where id = $1 for no key update
), stopped as (
  update runs r set
    state = case r.state when 'running' then r.state else 'cancelled' end,
    finished_at = case r.state when 'running' then r.finished_at else now() end,
    cancel_requested_at = now(),
    requested_by = $2
  from held where r.id = held.id and held.state in ('planned', 'queued', 'running')
  returning r.id
)
select job, key, queue, state as was, exists (select from stopped) as stopped from held
