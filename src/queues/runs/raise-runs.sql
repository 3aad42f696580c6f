-- Runs that stand open already and are now asked for more urgently move up. What a backfill had planned belongs to who
-- asks now, with their due time and deadline: a cap, a cancel or the order of the backfill no longer holds it. Late
-- facts take nothing over: the backfill reads them too. What its schedule asks for last, after late facts or a run that
-- depends on it, is its schedule's all the same, with its due time and deadline.
-- $1 as for plan-runs.sql. Rows that somebody else holds are left as they are: they are about to be dispatched, or at
-- work.
with given as (
  select * from jsonb_to_recordset($1::jsonb) as g (
    job text, key text, priority smallint, origin text, "requestedBy" text, "scheduleId" text, "dueAt" timestamptz, "lateAt" timestamptz,
    "isSerial" boolean, "traceParent" text
  )
), held as (
  select r.id, g.* from runs r join given g using (job, key)
  where r.state in ('planned', 'queued', 'running') and (
    (r.priority > g.priority and g.origin <> 'late-facts') or (r.schedule_id is null and g."scheduleId" is not null)
  )
  for no key update of r skip locked
)
update runs r set
  priority = least(r.priority, h.priority), backfill_id = null, position = 0,
  origin = case when r.backfill_id is null then r.origin else h.origin end,
  requested_by = case when r.backfill_id is null then r.requested_by else h."requestedBy" end,
  trace_parent = case when r.backfill_id is null then r.trace_parent else h."traceParent" end,
  schedule_id = coalesce(r.schedule_id, h."scheduleId"),
  due_at = coalesce(r.due_at, h."dueAt"), late_at = coalesce(r.late_at, h."lateAt"),
  is_serial = r.is_serial or coalesce(h."isSerial", false)
from held h where r.id = h.id
returning r.id
