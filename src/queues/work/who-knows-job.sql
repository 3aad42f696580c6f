-- Grain: one row: what became of run $1 (job $2) on nodes that do not know its job. known: a node that gives signs of
-- life does. tries: how often it was given back for that since it was asked for. alone_s: for how many seconds nobody
-- has known it. Reads run_attempts by run, and nodes.
select
  exists (select from nodes n where n.seen_at > now() - interval '15 seconds' and $2 = any(n.jobs)) as known,
  count(*)::int as tries,
  coalesce(extract(epoch from now() - min(a.started_at) filter (
    where a.error_code = 'unknown-job' and a.attempt > coalesce(elsewhere.attempt, 0)
  )), 0)::double precision as alone_s
from runs r
left join run_attempts a
  on a.run_id = r.id and a.error_code in ('unknown-job', 'known-elsewhere') and a.outcome = 'given-back' and a.started_at >= r.planned_at
left join lateral (
  select max(e.attempt) as attempt from run_attempts e where e.run_id = r.id and e.error_code = 'known-elsewhere'
) elsewhere on true
where r.id = $1
