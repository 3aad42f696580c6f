-- Grain: one row per job, outcome and bucket of duration: attempts that ended after $1 and up to $2, how many, and how
-- long each took on average. $3 upper bounds of the buckets in seconds. Reads run_attempts_finished (attempts are
-- written in the order they end), then runs by id.
select
  r.job,
  a.outcome,
  count(*)::int as attempts,
  avg(a.seconds)::double precision as seconds
from (
  select run_id, outcome, greatest(0, extract(epoch from finished_at - started_at))::double precision as seconds
  from run_attempts
  where finished_at > $1::timestamptz and finished_at <= $2::timestamptz
) a
join runs r on r.id = a.run_id
group by r.job, a.outcome, width_bucket(a.seconds, $3::double precision[])
