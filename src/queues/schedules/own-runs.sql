-- Runs that were there before their schedule fired, planned because others depend on them, become their schedule's own:
-- they gain its due time and deadline. $1 jsonb array of { job, key, scheduleId, dueAt, lateAt, isSerial }.
-- Rows are locked in the order of their ids, as in claim-runs.sql.
with given as (
  select * from jsonb_to_recordset($1::jsonb)
    as g (job text, key text, "scheduleId" text, "dueAt" timestamptz, "lateAt" timestamptz, "isSerial" boolean)
), held as (
  select r.id, g.* from runs r join given g using (job, key) where r.due_at is null order by r.id for no key update of r
)
update runs r set
  schedule_id = h."scheduleId", due_at = h."dueAt", late_at = h."lateAt", is_serial = coalesce(h."isSerial", false)
from held h where r.id = h.id
