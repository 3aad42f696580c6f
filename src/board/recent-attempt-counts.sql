-- Grain: one row per job and outcome of the attempts of runs planned in the last 24 hours. Reads runs_recent, then attempts by key.
select r.job, coalesce(a.outcome, 'running') as outcome, count(*)::int as attempts
from runs r
join run_attempts a on a.run_id = r.id
where r.planned_at > now() - interval '24 hours' and a.started_at > now() - interval '24 hours'
group by r.job, 2
