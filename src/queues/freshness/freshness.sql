-- Grain: one row per window that a schedule owes or that has a run: how it stands. Windows that were never owed and
-- have no run have no row. $1 jsonb array of { n, job, key, dueAt, lateAt, owed }, $2 now. A window's run is found by
-- runs_job_key_key, whoever asked for it. done: late or not, "lateByS" says; the first success counts, for a window
-- that is done again later is not late for that. missing: owed, due for more than five minutes (a scheduler plans once
-- a minute), and there is no run.
select
  w.n,
  r.id as "runId",
  coalesce(r.late_at, w."lateAt") as "lateAt",
  case
    when r.id is null then case when w."dueAt" > $2::timestamptz - interval '5 minutes' then 'waiting' else 'missing' end
    when r.state = 'succeeded' then 'done'
    when r.state in ('failed', 'cancelled') then r.state
    when coalesce(r.late_at, w."lateAt") <= $2::timestamptz
      and not exists (select from run_attempts a where a.run_id = r.id and a.outcome = 'succeeded') then 'late'
    else 'waiting'
  end as state,
  case
    when r.state = 'succeeded' then extract(epoch from first_success.at - coalesce(r.late_at, w."lateAt"))
    when r.id is not null and r.state not in ('failed', 'cancelled') then extract(epoch from $2::timestamptz - coalesce(r.late_at, w."lateAt"))
  end::double precision as "lateByS"
from jsonb_to_recordset($1::jsonb) as w (n integer, job text, key text, "dueAt" timestamptz, "lateAt" timestamptz, owed boolean)
left join runs r on r.job = w.job and r.key = w.key
left join lateral (
  select coalesce(min(a.finished_at), r.finished_at) as at
  from run_attempts a
  where a.run_id = r.id and a.outcome = 'succeeded' and r.finished_at > coalesce(r.late_at, w."lateAt")
) first_success on true
where w.owed or r.id is not null
order by w.n
