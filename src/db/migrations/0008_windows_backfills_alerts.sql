-- What the ledger needs for a year in production: the window a run is for and by when it should be done, backfills as things of their
-- own, alerts that are told once, and a trace from trigger to delivery.

alter table schedules
  -- Fire times older than this are not caught up; null: however old.
  add column catch_up_within_s integer check (catch_up_within_s > 0),
  -- A run that is not done this long after it was due is late; null: never.
  add column late_after_s integer check (late_after_s > 0),
  -- A person changed what the job declares: the declaration no longer overwrites it.
  add column is_edited boolean not null default false,
  -- Fire times left out because the run before was still open (overlap 'skip').
  add column skipped integer not null default 0,
  add column last_skipped_at timestamptz;

create table backfills (
  id uuid primary key default gen_random_uuid(),
  client_id text collate "C" not null references clients (id) on delete cascade,
  job text not null,
  -- Local days of the client, half-open.
  window_from date not null,
  window_to date not null,
  -- What to do with windows that ran before: leave them, run the undone ones again, run all again.
  reprocess text not null check (reprocess in ('none', 'failed', 'all')),
  newest_first boolean not null,
  -- Runs of this backfill in the queue or at work at once.
  runs_max integer not null check (runs_max > 0),
  requested_by text not null,
  created_at timestamptz not null default now(),
  cancelled_at timestamptz
);
create index backfills_recent on backfills (client_id, created_at desc);

alter table runs
  -- What the run is about, whenever it runs: local days of the client, half-open.
  add column window_from date,
  add column window_to date,
  add column late_at timestamptz,
  -- Waits until every earlier run of its schedule has ended (overlap 'queue').
  add column is_serial boolean not null default false,
  add column backfill_id uuid references backfills (id) on delete set null,
  -- Its place within its backfill.
  add column position integer not null default 0,
  -- W3C trace context of whoever asked for it.
  add column trace_parent text;
create index runs_backfill on runs (backfill_id, state) where backfill_id is not null;
create index runs_window on runs (client_id, job, window_to desc) where window_to is not null;
create index runs_late on runs (late_at) where state in ('planned', 'queued', 'running') and late_at is not null;

-- Something a person should know. One row per thing, however often it is noticed.
create table alerts (
  id uuid primary key default gen_random_uuid(),
  kind text not null check (kind in ('run-failed', 'window-late', 'run-stalled', 'queue-old')),
  -- What it is about, such as '<run id>.<attempt>'; the same thing is told once.
  subject text not null,
  client_id text collate "C" references clients (id) on delete cascade,
  run_id uuid references runs (id) on delete set null,
  title text not null,
  -- What happened, to what.
  message text not null,
  -- What to do about it.
  advice text not null,
  raised_at timestamptz not null default now(),
  -- The cause is gone: the run succeeded, the queue moves.
  resolved_at timestamptz,
  unique (kind, subject)
);
create index alerts_open on alerts (raised_at desc) where resolved_at is null;
create index alerts_recent on alerts (raised_at desc);

-- One alert told to one receiver.
create table alert_notices (
  alert_id uuid not null references alerts (id) on delete cascade,
  channel text not null check (channel in ('mail', 'webhook')),
  address text not null,
  -- unknown: nobody knows whether it arrived; a mail is then not sent again by itself.
  state text not null default 'pending' check (state in ('pending', 'sending', 'sent', 'failed', 'unknown')),
  message_id text,
  message_date timestamptz,
  tries integer not null default 0,
  sent_at timestamptz,
  reply text,
  primary key (alert_id, channel, address)
);

select secure_tenant_table(t::regclass) from unnest(array['backfills', 'alerts']) as t;
alter table alert_notices enable row level security;
create policy tenant on alert_notices using (exists (select from alerts a where a.id = alert_id));
grant select, insert, update, delete on alert_notices to daybreak_client;
