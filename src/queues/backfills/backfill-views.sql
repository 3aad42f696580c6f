-- Grain: one row per backfill with how far it has come, newest first. Null parameters do not select: $1 client, $2 id,
-- $3 and $4 created at and id of the last row of the page before, $5 rows. Reads runs by runs_backfill (backfill_id,
-- state). blocked: planned runs that wait for one that failed or was cancelled, however far down the chain.
-- going: runs that are the backfill's alone; one that a person has retried since is counted, and keeps no backfill
-- open.
with chosen as (
  select * from backfills
  where ($1::text is null or client_id = $1) and ($2::uuid is null or id = $2)
    and ($3::timestamptz is null or (created_at, id) < ($3, $4::uuid))
  order by created_at desc, id desc
  limit $5
)
select
  c.id, c.client_id as "clientId", c.job, c.schedule_id as "scheduleId", c.window_from as "from", c.window_to as "to", c.reprocess,
  c.newest_first as "newestFirst", c.runs_max as "runsMax", c.requested_by as "requestedBy", c.created_at as "createdAt",
  c.cancelled_at as "cancelledAt", done.ended_at as "endedAt",
  done.going, held.blocked, done.planned, done.queued, done.running, done.succeeded, done.failed, done.cancelled, done.total
from chosen c
cross join lateral (
  select
    count(*) filter (where priority = 3 and state in ('planned', 'queued', 'running'))::int as going,
    count(*) filter (where state = 'planned')::int as planned,
    count(*) filter (where state = 'queued')::int as queued,
    count(*) filter (where state = 'running')::int as running,
    count(*) filter (where state = 'succeeded')::int as succeeded,
    count(*) filter (where state = 'failed')::int as failed,
    count(*) filter (where state = 'cancelled')::int as cancelled,
    count(*)::int as total,
    max(finished_at) as ended_at
  from runs where backfill_id = c.id
) done
cross join lateral (
  with recursive waits as (
    select r.id as waiting, d.job, d.key from runs r join run_dependencies d on d.run_id = r.id
    where r.backfill_id = c.id and r.state = 'planned'
    union
    select w.waiting, d.job, d.key from waits w join runs r on r.job = w.job and r.key = w.key and r.state = 'planned'
    join run_dependencies d on d.run_id = r.id
  )
  select count(distinct w.waiting)::int as blocked
  from waits w join runs needed on needed.job = w.job and needed.key = w.key and needed.state in ('failed', 'cancelled')
) held
order by c.created_at desc, c.id desc
