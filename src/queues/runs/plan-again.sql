-- Puts ended runs back to planned, as if they had never run.
-- $1 jsonb array of { id, position }, $2 the states to take them from, then who asks: $3 origin, $4 requested by, $5
-- priority, $6 backfill (null: each stays with its own), $7 trace parent. What a backfill runs again is no schedule's
-- work any more: it is never due or late, and no schedule waits for it. Twice is the same as once: a run that is
-- planned is in none of the states. Returns those that changed.
with held as (
  select r.id, g.position from runs r join jsonb_to_recordset($1::jsonb) as g (id uuid, position integer) using (id)
  where r.state = any($2::text[])
  -- As in claim-runs.sql.
  order by r.id for no key update of r
)
update runs r set
  state = 'planned', origin = $3, requested_by = $4, priority = $5::smallint, trace_parent = $7,
  backfill_id = coalesce($6::uuid, backfill_id), position = coalesce(held.position, r.position),
  schedule_id = case when $6::uuid is null then schedule_id end,
  due_at = case when $6::uuid is null then due_at end, late_at = case when $6::uuid is null then late_at end,
  is_serial = $6::uuid is null and is_serial,
  planned_at = now(), not_before = now(), failures = 0, crashes = 0, progress = null, started_at = null, finished_at = null,
  -- What is done again was done: a cancel gives it that back. It stays so through tries that fail.
  done_before = case r.state
    when 'succeeded' then jsonb_build_object(
      'planned_at', r.planned_at, 'queued_at', r.queued_at, 'started_at', r.started_at, 'finished_at', r.finished_at, 'result', r.result,
      'failures', r.failures, 'crashes', r.crashes, 'origin', r.origin, 'requested_by', r.requested_by, 'priority', r.priority,
      'trace_parent', r.trace_parent
    )
    else r.done_before
  end,
  cancel_requested_at = null, error_code = null, error_message = null, result = null
from held where r.id = held.id
returning r.id
