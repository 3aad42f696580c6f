-- The next planned runs of every queue whose time has come and whose dependencies succeeded, fairly: each client's first before any
-- client's second, and no client with more than $1 runs in one queue at once. $1 cap per client and queue, $2 how many.
-- Marks them queued and returns them. Two dispatchers at once share the work: rows one has locked the other skips.
with in_flight as (
  select queue, client_id, count(*) as runs from runs where state in ('queued', 'running') group by queue, client_id
), ready as (
  select r.id, r.priority,
    coalesce(f.runs, 0)
      + row_number() over (partition by r.queue, r.client_id order by r.priority, r.due_at nulls first, r.planned_at, r.id) as place
  from runs r left join in_flight f on f.queue = r.queue and f.client_id is not distinct from r.client_id
  where r.state = 'planned' and r.not_before <= now()
    and not exists (
      select from run_dependencies d left join runs needed on needed.job = d.job and needed.key = d.key
      where d.run_id = r.id and needed.state is distinct from 'succeeded'
    )
), picked as (
  select r.id from runs r
  where r.id in (select id from ready where place <= $1 order by priority, place limit $2) and r.state = 'planned'
  for update skip locked
)
update runs set state = 'queued', queued_at = now() from picked where runs.id = picked.id
returning runs.id, runs.job, runs.queue, runs.priority, runs.attempt
