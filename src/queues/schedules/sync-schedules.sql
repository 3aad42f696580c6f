-- Makes the rows of `schedules` that the jobs declare, one per client or one for the whole system, and notes in those
-- that exist what is declared now; follow-declarations.sql puts it in force. A new row is planned for from $2 on; what
-- happened before is a backfill's business. Twice is the same as once, and rows that stand as declared are not even
-- locked. $1 jsonb array of { job, scope, declared: { cron, zone, catchUp, catchUpWithinS, lateAfterS, overlap } }, $2
-- now.
with given as (
  select * from jsonb_to_recordset($1::jsonb) as g (job text, scope text, declared jsonb)
), wanted as (
  select g.job || '.' || c.id as id, g.job, c.id as client_id, g.declared from given g join clients c on g.scope = 'client'
  union all
  select g.job, g.job, null, g.declared from given g where g.scope = 'system'
), made as (
  insert into schedules
    (id, job, client_id, declared, planned_until, cron, zone, catch_up, catch_up_within_s, late_after_s, overlap)
  select w.id, w.job, w.client_id, w.declared, $2::timestamptz, d.cron, d.zone, d."catchUp", d."catchUpWithinS", d."lateAfterS", d.overlap
  from wanted w cross join jsonb_to_record(w.declared)
    as d (cron text, zone text, "catchUp" text, "catchUpWithinS" integer, "lateAfterS" integer, overlap text)
  where not exists (select from schedules s where s.id = w.id)
  -- One order for everybody, so that processes that start at once wait for each other instead of locking each other
  -- out.
  order by w.id
  on conflict (id) do nothing
), changed as (
  select s.id, w.declared from schedules s join wanted w using (id) where s.declared is distinct from w.declared
  order by s.id for update of s
)
update schedules s set declared = changed.declared from changed where s.id = changed.id
