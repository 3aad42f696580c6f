-- Moves schedules on to what they are planned for next. $1 jsonb array of { id, plannedUntil, next, skipped }, $2 now;
-- skipped: fire times left out because the run before was still open. The caller has the rows locked.
update schedules s set
  planned_until = m."plannedUntil", next_due_at = m.next,
  skipped = s.skipped + m.skipped, last_skipped_at = case when m.skipped > 0 then $2::timestamptz else s.last_skipped_at end
from jsonb_to_recordset($1::jsonb) as m (id text, "plannedUntil" timestamptz, next timestamptz, skipped integer)
where s.id = m.id
