-- A backfill may be of one named schedule, such as a subscription's report, instead of the one its job declares.
alter table backfills add column schedule_id text references schedules (id) on delete set null;
