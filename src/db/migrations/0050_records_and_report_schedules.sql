-- An import names the run that does it, which is planned in the transaction that records the import.
alter table imports add column run_id uuid;
update imports i set run_id = r.id from runs r where r.job = 'import-file' and r.client_id = i.client_id and r.key = i.client_id || '.' || i.id;

-- A report that is sent again and again is a row of schedules (job render-report), which says when and what; who gets it stands beside it.

-- Who hears when a run of the schedule fails.
alter table schedules add column owner_address text;
alter table schedules add unique (client_id, id);

create table schedule_recipients (
  client_id text collate "C" not null,
  schedule_id text collate "C" not null,
  -- In lower case.
  address text not null check (address = lower(address)),
  formats text[] not null check (cardinality(formats) > 0),
  added_at timestamptz not null default now(),
  -- Whoever unsubscribes stays here, so that nobody adds them again by mistake.
  unsubscribed_at timestamptz,
  primary key (client_id, schedule_id, address),
  foreign key (client_id, schedule_id) references schedules (client_id, id) on delete cascade
);
select secure_tenant_table('schedule_recipients');

alter policy tenant on schedules with check (
  client_id = (select current_client()) and (id = job || '.' || client_id or starts_with(id, 'report.' || client_id || '.')));

insert into schedules (id, job, client_id, payload, cron, zone, catch_up, late_after_s, overlap, owner_address, is_edited, paused_until,
  paused_reason, planned_until)
select 'report.' || r.client_id || '.' || r.id, 'render-report', r.client_id,
  jsonb_build_object('scheduleId', 'report.' || r.client_id || '.' || r.id, 'report', r.report, 'period', r.period,
    'formats', to_jsonb(r.formats)),
  coalesce(s.cron, r.cron), coalesce(s.zone, 'client'), coalesce(s.catch_up, 'all'), coalesce(s.late_after_s, 3600),
  coalesce(s.overlap, 'allow'), r.owner_address, false, s.paused_until, s.paused_reason, coalesce(s.planned_until, now())
from report_subscriptions r left join schedules s on s.id = 'subscription.' || r.client_id || '.' || r.id;
insert into schedule_recipients (client_id, schedule_id, address, formats, unsubscribed_at)
select distinct on (1, 2, 3) s.client_id, 'report.' || s.client_id || '.' || s.id, lower(r.address), r.formats, u.at
from report_subscriptions s cross join jsonb_to_recordset(s.recipients) as r (address text, formats text[])
left join unsubscribes u on u.client_id = s.client_id and u.subscription_id = s.id and u.address = lower(r.address)
where cardinality(r.formats) > 0;

update runs set schedule_id = 'report.' || substr(schedule_id, length('subscription.') + 1) where starts_with(schedule_id, 'subscription.');
delete from schedules where id like 'subscription.%';
alter table executions rename column subscription_id to schedule_id;
update executions set schedule_id = 'report.' || client_id || '.' || schedule_id where schedule_id is not null;
drop table unsubscribes, report_subscriptions;
