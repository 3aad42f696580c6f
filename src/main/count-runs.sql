-- How far a selection of runs has come. A run that waits for a failed or cancelled one, however far down the chain,
-- counts as failed. Parameters that are null do not select: $1 runs, $2 clients, $3 job, $4 instant: only what had not
-- ended by then.
with recursive wanted as (
  select r.id, r.job, r.key, r.state from runs r
  where ($1::uuid[] is null or r.id = any($1)) and ($2::text[] is null or r.client_id = any($2)) and ($3::text is null or r.job = $3)
    and ($4::timestamptz is null or r.finished_at is null or r.finished_at >= $4)
), held as (
  select w.id from wanted w
  join run_dependencies d on d.run_id = w.id
  join runs needed on needed.job = d.job and needed.key = d.key and needed.state in ('failed', 'cancelled')
  where w.state = 'planned'
  union
  select w.id from held h
  join wanted broken on broken.id = h.id
  join run_dependencies d on d.job = broken.job and d.key = broken.key
  join wanted w on w.id = d.run_id and w.state = 'planned'
)
select
  count(*) filter (where state in ('planned', 'queued', 'running') and id not in (select id from held))::int as open,
  count(*) filter (where state = 'succeeded')::int as succeeded,
  count(*) filter (where state = 'failed' or id in (select id from held))::int as failed,
  count(*) filter (where state = 'cancelled')::int as cancelled
from wanted
