-- Puts in force what is declared for the schedules that nobody edited. $1 now. Other times count from now on, unless
-- the old ones left something unplanned: then planning goes on where it stood.
with changed as (
  select s.id, d.*, (s.cron, s.zone) is distinct from (d.cron, d.zone) as is_moved
  from schedules s cross join jsonb_to_record(s.declared)
    as d (cron text, zone text, "catchUp" text, "catchUpWithinS" integer, "lateAfterS" integer, overlap text)
  where s.declared is not null and not s.is_edited
    and (s.cron, s.zone, s.catch_up, s.catch_up_within_s, s.late_after_s, s.overlap)
      is distinct from (d.cron, d.zone, d."catchUp", d."catchUpWithinS", d."lateAfterS", d.overlap)
  order by s.id for update of s
)
update schedules s set
  cron = c.cron, zone = c.zone, catch_up = c."catchUp", catch_up_within_s = c."catchUpWithinS", late_after_s = c."lateAfterS",
  overlap = c.overlap,
  planned_until = case when c.is_moved and s.next_due_at > $1 then greatest(s.planned_until, $1) else s.planned_until end,
  next_due_at = case when c.is_moved then null else s.next_due_at end
from changed c where s.id = c.id
