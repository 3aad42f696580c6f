-- A worker takes runs: raises their attempt, opens a row for each and closes the one a dead worker left open.
-- A run that is already running is taken over: the queue gave it to us because its worker fell silent; that worker still names the
-- old attempt and can commit nothing any more. $1 runs, $2 node. A run without a row was finished, cancelled or deleted: there is
-- nothing to do. Rows are locked in the order of their ids, so that two batches wait for each other instead of locking each other out.
with wanted as (
  select id from runs where id = any($1::uuid[]) and state in ('planned', 'queued', 'running') order by id for update
), claimed as (
  update runs set
    state = 'running', attempt = attempt + 1, node = $2, started_at = now(), finished_at = null, progress = null,
    crashes = crashes + case state when 'running' then 1 else 0 end
  from wanted where runs.id = wanted.id
  returning runs.id, job, key, client_id, night, payload, priority, attempt, failures, crashes
), lost as (
  update run_attempts a set outcome = 'lost', finished_at = now()
  from claimed where a.run_id = claimed.id and claimed.attempt > 1 and a.finished_at is null
), opened as (
  insert into run_attempts (run_id, attempt, node) select id, attempt, $2 from claimed
)
select * from claimed
