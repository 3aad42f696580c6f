-- Grain: one row per queue in which a run could be at work and is not: since when the one waits that has waited
-- longest. A run waits from the time it was asked for, its last try ended, what it depends on was done: whichever came
-- last. What its dependencies, an earlier run of its schedule or its own time hold back does not wait. Backfills wait
-- their turn, however long; they count only while no node works at all. $1 the queues. Looks at the 1,000 oldest of
-- each queue and state; reads runs_planned and runs_in_flight.
select
  q.name as queue,
  count(*)::int as runs,
  min(greatest(r.planned_at, r.not_before, r.started_at, needs.done_at)) as since,
  extract(epoch from now() - min(greatest(r.planned_at, r.not_before, r.started_at, needs.done_at)))::double precision as seconds
from unnest($1::text[]) as q (name)
cross join (select exists (select from nodes where seen_at > now() - interval '1 minute') as yes) is_anyone_there
cross join lateral (
  (
    select id, state, priority, planned_at, not_before, started_at, is_serial, schedule_id, due_at from runs
    where queue = q.name and state = 'planned' and not_before <= now() and (priority < 3 or not is_anyone_there.yes)
    order by planned_at limit 1000
  )
  union all
  (
    select id, state, priority, planned_at, not_before, started_at, is_serial, schedule_id, due_at from runs
    where queue = q.name and state = 'queued' and not_before <= now() and (priority < 3 or not is_anyone_there.yes)
    order by planned_at limit 1000
  )
) r
-- An aggregate for each run: the planner must not turn it into one pass over all dependencies there ever were.
cross join lateral (
  select max(n.finished_at) as done_at, coalesce(bool_and(n.state is not distinct from 'succeeded'), true) as are_met
  from run_dependencies d left join runs n on n.job = d.job and n.key = d.key
  where d.run_id = r.id
) needs
where r.state = 'queued' or (
  needs.are_met and not (r.is_serial and exists (
    select from runs e
    where e.schedule_id = r.schedule_id and e.due_at < r.due_at and e.state in ('planned', 'queued', 'running')
      and not (e.state = 'planned' and exists (
        select from run_dependencies ed join runs needed on needed.job = ed.job and needed.key = ed.key
        where ed.run_id = e.id and needed.state in ('failed', 'cancelled')
      ))
  ))
)
group by q.name
