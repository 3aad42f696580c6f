-- An attempt ends: the run takes its next state and the attempt its outcome, provided that no other worker has claimed the run
-- since. $1 run, $2 attempt, $3 the run's next state, $4 the attempt's outcome, $5 error code, $6 message, $7 stack,
-- $8 milliseconds until the next try, $9 jsonb array of log lines. No row: the claim is lost and nothing was written.
with finished as (
  update runs set
    state = $3,
    failures = failures + case when $4 in ('failed', 'retried') then 1 else 0 end,
    not_before = now() + make_interval(secs => $8::double precision / 1000),
    queued_at = case $3 when 'queued' then now() else queued_at end,
    finished_at = case when $3 in ('succeeded', 'failed', 'cancelled') then now() end,
    progress = case $3 when 'succeeded' then 1 else progress end,
    error_code = $5, error_message = $6
  where id = $1 and attempt = $2 and state = 'running'
  returning id
), closed as (
  update run_attempts a set
    finished_at = now(), outcome = $4, error_code = $5, error_message = $6, error_stack = $7
  from finished where a.run_id = finished.id and a.attempt = $2
), logged as (
  insert into run_logs (run_id, attempt, line, at, level, message)
  select finished.id, $2, l.line, l.at, l.level, l.message
  from finished, jsonb_to_recordset($9::jsonb) as l (line integer, at timestamptz, level text, message text)
)
select id from finished
