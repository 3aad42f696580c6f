-- A worker takes runs: raises the attempt of each, and writes the attempt of a worker that died as lost.
-- A run that is already running is taken over: the queue gave it to us because its worker fell silent; that worker still names the
-- old attempt and can commit nothing any more. $1 runs, $2 node. A run without a row was finished, cancelled or deleted: there is
-- nothing to do. Rows are locked in the order of their ids, so that two batches wait for each other instead of locking each other out.
with wanted as (
  select id, state, attempt, node, started_at
  from runs where id = any($1::uuid[]) and state in ('planned', 'queued', 'running') order by id for update
), claimed as (
  update runs set
    state = 'running', attempt = runs.attempt + 1, node = $2, started_at = now(), finished_at = null, progress = null,
    crashes = crashes + case wanted.state when 'running' then 1 else 0 end
  from wanted where runs.id = wanted.id
  returning
    runs.id, runs.job, runs.key, runs.client_id, runs.night, runs.payload, runs.priority, runs.attempt, runs.failures, runs.crashes,
    runs.planned_at, runs.queued_at, runs.started_at, runs.trace_parent
), lost as (
  insert into run_attempts (run_id, attempt, node, started_at, finished_at, outcome)
  select id, attempt, node, started_at, now(), 'lost' from wanted where state = 'running'
)
select * from claimed
