-- A worker takes a run: raises its attempt, opens a row for it and closes the one a dead worker left open.
-- A run that is already running is taken over: the queue gave it to us because its worker fell silent; that worker still names the
-- old attempt and can commit nothing any more. $1 run, $2 node. No row: finished, cancelled or unknown; there is nothing to do.
with claimed as (
  update runs set
    state = 'running', attempt = attempt + 1, node = $2, started_at = now(), finished_at = null, progress = null,
    crashes = crashes + case state when 'running' then 1 else 0 end
  where id = $1 and state in ('planned', 'queued', 'running')
  returning id, job, key, client_id, night, payload, priority, attempt, failures, crashes
), lost as (
  update run_attempts a set outcome = 'lost', finished_at = now()
  from claimed where a.run_id = claimed.id and a.finished_at is null
), opened as (
  insert into run_attempts (run_id, attempt, node) select id, attempt, $2 from claimed
)
select * from claimed
