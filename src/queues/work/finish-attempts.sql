-- Attempts end: each run takes its next state and the attempt goes on record, provided that no other worker has claimed
-- the run since. $1 jsonb array of { id, node, attempt, state, outcome, code, message, stack, waitMs, lines: [{ line,
-- at, level, message }] }, where state is the run's next one and waitMs the time until its next try. A run without a
-- row has lost its claim and nothing was written for it. Rows are locked in the order of their ids, as in
-- claim-runs.sql.
with given as (
  select * from jsonb_to_recordset($1::jsonb) as g (
    id uuid, node text, attempt integer, state text, outcome text, code text, message text, stack text, "waitMs" double precision, lines jsonb
  )
), held as (
  select r.id, r.node, r.started_at
  from runs r join given g on g.id = r.id and g.attempt = r.attempt and g.node = r.node
  where r.state = 'running' order by r.id for no key update of r
), finished as (
  update runs r set
    -- Whoever asked for a stop gets one, even when the attempt ended by itself and would be tried again.
    state = case when g.state = 'queued' and r.cancel_requested_at is not null then 'cancelled' else g.state end,
    -- That its worker died too often is kept apart from what the job itself did wrong.
    failures = failures + case when g.outcome in ('failed', 'retried') and g.code is distinct from 'crashed' then 1 else 0 end,
    crashes = crashes + case g.outcome when 'crashed' then 1 else 0 end,
    not_before = now() + make_interval(secs => g."waitMs" / 1000),
    queued_at = case g.state when 'queued' then now() else queued_at end,
    -- The clock's time, not now(): the transaction may have begun long before, and what a run writes last is part of
    -- it.
    finished_at = case when g.state in ('succeeded', 'failed', 'cancelled') or r.cancel_requested_at is not null then clock_timestamp() end,
    progress = case g.state when 'succeeded' then 1 else progress end,
    error_code = g.code, error_message = g.message,
    -- A request to stop that came too late is none, and what was done before is done again.
    cancel_requested_at = case when g.state <> 'succeeded' then r.cancel_requested_at end,
    done_before = case when g.state <> 'succeeded' then r.done_before end
  from given g join held using (id)
  where r.id = g.id
  returning r.id
), closed as (
  insert into run_attempts (run_id, attempt, node, started_at, finished_at, outcome, error_code, error_message, error_stack)
  select g.id, g.attempt, held.node, held.started_at, clock_timestamp(), g.outcome, g.code, g.message, g.stack
  from given g join held using (id)
), logged as (
  insert into run_logs (run_id, attempt, line, at, level, message)
  select g.id, g.attempt, l.line, l.at, l.level, l.message
  from given g join held using (id), jsonb_to_recordset(g.lines) as l (line integer, at timestamptz, level text, message text)
  -- What was written while it ran (log-lines.ts) is there already.
  on conflict do nothing
)
select id from finished
