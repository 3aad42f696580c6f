-- The next planned runs of every queue whose time has come and whose dependencies succeeded, fairly: each client's
-- first before any client's second, no client with more runs in a queue at once than its cap, no backfill with more
-- than it was given, and a serial run not before the earlier ones of its schedule have ended. $1 the cap per client of
-- each queue as JSON, $2 how many, $3 the queues there are: a newer version may have planned runs for others.
-- Marks them queued and returns them. Two dispatchers at once share the work: rows one has locked the other skips.
-- The mark need not be on disk: should the server fail before it is, the run is planned again, and adding a job twice
-- is adding it once. Steps from one client of a queue to the next and reads the first few of each (runs_planned), so
-- that a long backlog costs no more than a short one. Per client and queue only as many ready runs as its cap are
-- looked at.
with recursive pairs as (
  (select queue, coalesce(client_id, '') as client from runs where state = 'planned' and queue = any($3::text[]) order by 1, 2 limit 1)
  union all
  select following.queue, following.client from pairs p cross join lateral (
    select queue, coalesce(client_id, '') as client from runs
    where state = 'planned' and queue = any($3::text[]) and (queue, coalesce(client_id, '')) > (p.queue, p.client) order by 1, 2 limit 1
  ) following
), full_backfills as materialized (
  select b.id from runs f join backfills b on b.id = f.backfill_id
  where f.state in ('queued', 'running') group by b.id having count(*) >= b.runs_max
), ready as (
  select first.id, first.priority, first.backfill_id, flying.runs + first.place as place
  from pairs p
  cross join lateral (
    select count(*) as runs from runs f
    where f.state in ('queued', 'running') and f.queue = p.queue and coalesce(f.client_id, '') = p.client
  ) flying
  cross join lateral (
    select r.id, r.priority, r.backfill_id,
      row_number() over (order by r.priority, r.due_at nulls first, r.planned_at, r.position, r.id) as place
    from runs r
    where r.state = 'planned' and r.queue = p.queue and coalesce(r.client_id, '') = p.client and r.not_before <= now()
      -- Else the first runs of a long backfill would stand before all of the next one.
      and (r.backfill_id is null or not exists (select from full_backfills b where b.id = r.backfill_id))
      and not exists (
        select from run_dependencies d left join runs needed on needed.job = d.job and needed.key = d.key
        where d.run_id = r.id and needed.state is distinct from 'succeeded'
      )
      and not (r.is_serial and exists (
        select from runs earlier
        where earlier.schedule_id = r.schedule_id and earlier.due_at < r.due_at and earlier.state in ('planned', 'queued', 'running')
          -- One that waits for what failed holds nobody up but itself.
          and not (earlier.state = 'planned' and exists (
            select from run_dependencies ed join runs needed on needed.job = ed.job and needed.key = ed.key
            where ed.run_id = earlier.id and needed.state in ('failed', 'cancelled')
          ))
      ))
    order by r.priority, r.due_at nulls first, r.planned_at, r.position, r.id
    limit greatest(0, least(($1::jsonb->>p.queue)::bigint - flying.runs, $2::bigint))
  ) first
), capped as (
  select ready.id, ready.priority, ready.place,
    row_number() over (partition by ready.backfill_id order by ready.place) as place_in_backfill, b.runs_max,
    (select count(*) from runs f where f.backfill_id = b.id and f.state in ('queued', 'running')) as backfill_runs
  from ready left join backfills b on b.id = ready.backfill_id
), picked as (
  select r.id from runs r
  where r.state = 'planned' and (select set_config('synchronous_commit', 'off', true)) is not null and r.id in (
    select id from capped where runs_max is null or backfill_runs + place_in_backfill <= runs_max order by priority, place limit $2
  )
  for no key update skip locked
)
update runs set state = 'queued', queued_at = now() from picked where runs.id = picked.id
returning runs.id, runs.job, runs.queue, runs.priority, runs.attempt
