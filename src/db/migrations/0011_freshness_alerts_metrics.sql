-- What freshness, alerts and the numbers for Prometheus stand on.

-- Since when a schedule says what it says: what it would have planned before then was never owed. created_at is when its row was made.
alter table schedules add column in_force_since timestamptz not null default now();
update schedules set in_force_since = created_at;

create function note_schedule_change() returns trigger language plpgsql as $$
begin
  new.in_force_since := now();
  return new;
end $$;
create trigger schedules_change before update of cron, zone, payload on schedules for each row
  when ((old.cron, old.zone, old.payload) is distinct from (new.cron, new.zone, new.payload))
  execute function note_schedule_change();

alter table alert_notices
  -- The mail or call that tells it. Several alerts of one receiver may share one; null: not yet on its way.
  add column post_id uuid,
  add column posted_at timestamptz;
create index alert_notices_post on alert_notices (post_id);
create index alert_notices_unposted on alert_notices (channel, address) where post_id is null;
create index alert_notices_posted on alert_notices (posted_at);
create index alerts_run on alerts (run_id);

-- Few runs fail, and every sweep looks at them.
create index runs_failed on runs (finished_at) where state = 'failed';
-- Attempts are written once, in the order they end: an index of a few pages, free to keep.
create index run_attempts_finished on run_attempts using brin (finished_at) with (pages_per_range = 16, autosummarize = on);
