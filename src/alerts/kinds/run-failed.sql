-- Grain: one row per run that failed for good within the last seven days, and its attempt: a retry that fails again is
-- told again. No parameters. Writes nothing. Reads runs_failed.
select
  r.id::text as "subjectId", r.attempt::text as episode, r.client_id as "clientId", r.finished_at as since, r.job,
  r.window_from as "windowFrom", r.window_to as "windowTo", r.error_code as code, r.error_message as reason,
  r.failures + r.crashes as tries
from runs r
where r.state = 'failed' and r.finished_at > now() - interval '7 days'
