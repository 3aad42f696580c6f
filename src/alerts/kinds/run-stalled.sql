-- Grain: one row per run that is at work for a minute longer than its job allows ('overdue'), or on a node that has
-- been silent for a minute ('silent'), or whose worker died twice ('rescued'); it is told once, until it is asked for
-- again. $1 jsonb object of each job's timeout in seconds; $2 whether signs of life can be trusted. Writes nothing.
-- Reads runs_in_flight.
select
  s.id::text as "subjectId", trunc(extract(epoch from s.planned_at))::text as episode, s.client_id as "clientId", s.started_at as since, s.job,
  s.window_from as "windowFrom", s.window_to as "windowTo", s.why, s.crashes, s.node
from (
  select r.*, case
    when r.crashes >= 2 then 'rescued'
    when $2::boolean and r.started_at < now() - make_interval(secs => 60 + ($1::jsonb ->> r.job)::double precision) then 'overdue'
    when $2::boolean and r.started_at < now() - interval '1 minute'
      and not exists (select from nodes n where n.id = r.node and n.seen_at > now() - interval '1 minute') then 'silent'
  end as why
  from runs r
  where r.state = 'running'
) s
where s.why is not null
