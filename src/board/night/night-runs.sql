-- Grain: one row per run of one client's night, in the order they ran. $1 client, $2 night, $3 how many, $4 formats in
-- order. Reads runs by runs_night; dependencies, executions and files by key.
select
  r.id,
  r.job,
  r.key,
  r.state,
  r.progress,
  r.attempt,
  r.failures,
  r.planned_at as "plannedAt",
  r.not_before as "notBefore",
  r.started_at as "startedAt",
  r.finished_at as "finishedAt",
  r.cancel_requested_at is not null as "cancelRequested",
  r.late_at as "lateAt",
  r.error_code as "errorCode",
  r.error_message as "errorMessage",
  (
    select coalesce(jsonb_agg(jsonb_build_object('job', d.job, 'runId', n.id, 'state', n.state) order by d.job, d.key), '[]')
    from run_dependencies d
    left join runs n on n.job = d.job and n.key = d.key
    where d.run_id = r.id and n.state is distinct from 'succeeded'
  ) as "waitsFor",
  e.report,
  (
    select coalesce(jsonb_agg(f.format order by array_position($4::text[], f.format)), '[]')
    from execution_files f
    where f.client_id = r.client_id and f.execution_id = r.id
  ) as formats,
  (
    select coalesce(jsonb_object_agg(d.state, d.n), '{}')
    from (
      select state, count(*)::int as n
      from deliveries
      where client_id = r.client_id and execution_id = r.id
      group by state
    ) d
  ) as deliveries
from runs r
left join executions e on e.client_id = r.client_id and e.id = r.id
where r.client_id = $1 and r.night = $2::date
order by r.started_at nulls last, r.planned_at, r.job, r.key
limit $3
