-- Grain: one row per thing a person should know and was not told: kind and subject name it, and the same thing is told once.
-- run-failed: a run failed for good within the last seven days; once per attempt, so that a retry that fails again is told again.
-- window-late: a window is past its deadline and was never done; once per run, whatever becomes of it.
-- run-stalled: a run is at work for a minute longer than its job allows ('overdue'), or on a node that has been silent for a minute
-- ('silent'), or its worker died twice ('rescued'); once, until it is asked for again.
-- $1 jsonb object of each job's timeout in seconds; $2 whether signs of life can be trusted: for a minute after the database or this
-- process was away every node looks silent; $3 rows per kind, oldest first. Reads runs_failed, runs_late, runs_in_flight; alerts by key.
(
  select
    'run-failed' as kind, r.id || '.' || r.attempt as subject, r.client_id as "clientId", r.id as "runId", r.job, r.key,
    r.finished_at as since, r.error_code as detail, r.error_message as message, r.failures + r.crashes as times,
    r.window_from as "windowFrom", r.window_to as "windowTo", r.node
  from runs r
  where r.state = 'failed' and r.finished_at > now() - interval '7 days'
    and not exists (select from alerts a where a.kind = 'run-failed' and a.subject = r.id || '.' || r.attempt)
  order by r.finished_at limit $3
)
union all
(
  select
    'window-late', r.id::text, r.client_id, r.id, r.job, r.key, r.late_at,
    case r.state when 'planned' then (
      select n.job from run_dependencies d join runs n on n.job = d.job and n.key = d.key
      where d.run_id = r.id and n.state in ('failed', 'cancelled') order by n.job limit 1
    ) end,
    r.state, r.failures + r.crashes, r.window_from, r.window_to, r.node
  from runs r
  where r.state in ('planned', 'queued', 'running') and r.late_at <= now()
    and not exists (select from run_attempts a where a.run_id = r.id and a.outcome = 'succeeded')
    and not exists (select from alerts a where a.kind = 'window-late' and a.subject = r.id::text)
  order by r.late_at limit $3
)
union all
(
  select 'run-stalled', s.subject, s.client_id, s.id, s.job, s.key, s.started_at, s.why, null, s.crashes, s.window_from, s.window_to, s.node
  from (
    select r.*, r.id || '.' || trunc(extract(epoch from r.planned_at)) as subject, case
      when r.crashes >= 2 then 'rescued'
      when $2::boolean and r.started_at < now() - make_interval(secs => 60 + ($1::jsonb ->> r.job)::double precision) then 'overdue'
      when $2::boolean and r.started_at < now() - interval '1 minute'
        and not exists (select from nodes n where n.id = r.node and n.seen_at > now() - interval '1 minute') then 'silent'
    end as why
    from runs r
    where r.state = 'running'
  ) s
  where s.why is not null and not exists (select from alerts a where a.kind = 'run-stalled' and a.subject = s.subject)
  order by s.started_at limit $3
)
