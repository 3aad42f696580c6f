-- A worker takes runs, each from the queue that the ledger knows it to be in: raises the attempt of each, and writes
-- the attempt of a worker that died as lost. A run that is already running is taken over: the queue gave it to us
-- because its worker fell silent; that worker still names the old attempt and can commit nothing any more. $1 runs, $2
-- node, $3 the queue of each. A run without a row was finished, cancelled or deleted, or is planned again and waits for
-- what it stands on: there is nothing to do. Rows are locked in the order of their ids, so that two batches wait for
-- each other instead of locking each other out. The claim need not be on disk before the work begins: should the server
-- fail before it is, the fence of attempt and node refuses what the worker writes afterwards, and what it wrote before,
-- the same failure lost.
with wanted as (
  select r.id, r.state, r.attempt, r.node, r.started_at
  from runs r
  -- The ids by themselves, so that they are looked up one by one however little the planner knows of the table.
  where r.id = any($1::uuid[]) and (r.id, r.queue) in (select * from unnest($1::uuid[], $3::text[])) and r.state in ('queued', 'running')
    and (select set_config('synchronous_commit', 'off', true)) is not null
  order by r.id for no key update of r
), claimed as (
  update runs set
    state = 'running', attempt = runs.attempt + 1, node = $2, started_at = now(), finished_at = null, progress = null,
    -- Once is enough to suspect the run: it has a process of its own from now on (work.ts), whose end is a crash. That
    -- workers die is then hardly its doing, and a bad night of the machines must not fail it; only every eighth loss
    -- since it was asked for counts once more.
    crashes = case when wanted.state <> 'running' then crashes else greatest(crashes, 1 + (
      select count(*) from run_attempts a where a.run_id = runs.id and a.outcome = 'lost' and a.started_at >= runs.planned_at
    )::int / 8) end
  from wanted where runs.id = wanted.id
  returning
    runs.id, runs.job, runs.key, runs.client_id, runs.night, runs.payload, runs.priority, runs.node, runs.attempt, runs.failures,
    runs.crashes,
    case when wanted.attempt = 0 then 0 else (
      select count(*) from run_attempts a
      where a.run_id = runs.id and a.error_code = 'database-away' and a.started_at >= runs.planned_at
    )::int end as aways,
    runs.planned_at, runs.queued_at, runs.started_at, runs.cancel_requested_at, runs.trace_parent
), lost as (
  insert into run_attempts (run_id, attempt, node, started_at, finished_at, outcome)
  select id, attempt, node, started_at, now(), 'lost' from wanted where state = 'running'
)
select * from claimed
