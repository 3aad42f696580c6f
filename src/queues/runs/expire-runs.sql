-- Deletes of the next finished runs, oldest planned first, those that ended more than $1 days ago, with their attempts,
-- lines and dependencies. One stays that an open or unsuccessful run depends on: that run, retried, would wait for it
-- for ever. $2, $3 the place (planned_at, id) to begin after, $4 how many to look at. Returns how many were looked at
-- and deleted, and the last place; no row when there was none. Reads runs_finished backwards, run_dependencies_on.
with looked as (
  select r.id, r.job, r.key, r.planned_at, r.finished_at
  from runs r
  where r.state in ('succeeded', 'failed', 'cancelled') and r.planned_at < now() - make_interval(days => $1::integer)
    and (r.planned_at, r.id) > ($2::timestamptz, $3::uuid)
  order by r.planned_at, r.id
  limit $4
), deleted as (
  delete from runs r using looked
  where r.id = looked.id
    -- Of the row itself, for it may have been planned again a moment ago.
    and r.state in ('succeeded', 'failed', 'cancelled') and r.finished_at < now() - make_interval(days => $1::integer)
    and not exists (
      select from run_dependencies d join runs waiting on waiting.id = d.run_id
      where d.job = looked.job and d.key = looked.key and waiting.state <> 'succeeded'
    )
  returning r.id
)
select (select count(*)::int from looked) as looked, (select count(*)::int from deleted) as deleted, planned_at as "plannedAt", id
from looked
order by planned_at desc, id desc
limit 1
