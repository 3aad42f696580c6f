-- Grain: one row per run whose window is past its deadline and was never done; it is told once, whatever becomes of it.
-- No parameters. Writes nothing. Reads runs_late, run_attempts and run_dependencies by run.
select
  r.id::text as "subjectId", '' as episode, r.client_id as "clientId", r.late_at as since, r.job,
  r.window_from as "windowFrom", r.window_to as "windowTo", r.state,
  case r.state when 'planned' then (
    select n.job from run_dependencies d join runs n on n.job = d.job and n.key = d.key
    where d.run_id = r.id and n.state in ('failed', 'cancelled') order by n.job limit 1
  ) end as "waitsFor"
from runs r
where r.state in ('planned', 'queued', 'running') and r.late_at <= now()
  and not exists (select from run_attempts a where a.run_id = r.id and a.outcome = 'succeeded')
