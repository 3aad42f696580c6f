-- Gives every subscription its row in `schedules` and keeps what the row renders and what is declared for it in step; the scheduler puts
-- the declaration in force unless a person edited the row. Twice is the same as once.
-- $1 the job that renders, $2 jsonb { zone, catchUp, catchUpWithinS, lateAfterS, overlap }: what that job declares for all of them.
with wanted as (
  select 'subscription.' || client_id || '.' || id as id, client_id, $2::jsonb || jsonb_build_object('cron', cron) as declared,
    jsonb_build_object('subscriptionId', id, 'report', report, 'period', period, 'formats', to_jsonb(formats)) as payload
  from report_subscriptions
), made as (
  insert into schedules
    (id, job, client_id, payload, declared, cron, zone, catch_up, catch_up_within_s, late_after_s, overlap)
  select w.id, $1, w.client_id, w.payload, w.declared, d.cron, d.zone, d."catchUp", d."catchUpWithinS", d."lateAfterS", d.overlap
  from wanted w cross join jsonb_to_record(w.declared)
    as d (cron text, zone text, "catchUp" text, "catchUpWithinS" integer, "lateAfterS" integer, overlap text)
  where not exists (select from schedules s where s.id = w.id)
  -- One order for everybody, so that processes that start at once wait for each other instead of locking each other out.
  order by w.id
  on conflict (id) do nothing
), changed as (
  select s.id, w.payload, w.declared from schedules s join wanted w using (id)
  where (s.payload, s.declared) is distinct from (w.payload, w.declared)
  order by s.id for update of s
)
update schedules s set payload = changed.payload, declared = changed.declared from changed where s.id = changed.id
