-- The ledger: what should run, what ran, and how it went. PostgreSQL is the memory; the queue may be emptied at any
-- moment. These tables belong to the node that schedules, not to a client's shard: client_id is null for work of the
-- whole system.

create table schedules (
  id text collate "C" primary key,
  job text not null,
  client_id text collate "C" references clients (id) on delete cascade,
  cron text not null,
  -- An IANA name; 'client' means the client's zone at the time of planning.
  zone text not null,
  -- What the schedule adds to the payload that the job computes from the due time.
  payload jsonb not null default '{}',
  catch_up text not null check (catch_up in ('all', 'latest', 'none')),
  -- Fire times older than this are not caught up; null: however old.
  catch_up_within_s integer check (catch_up_within_s > 0),
  -- A run that is not done this long after it was due is late; null: never.
  late_after_s integer check (late_after_s > 0),
  overlap text not null check (overlap in ('skip', 'queue', 'allow')),
  -- What the job declares for the schedule, beside what is in force: a person's edit is shown against it and taken back
  -- to it. { cron, zone, catchUp, catchUpWithinS, lateAfterS, overlap }; null: nobody declares it, as it is with the
  -- schedule of a report.
  declared jsonb,
  -- A person changed what the job declares: the declaration no longer overwrites it.
  is_edited boolean not null default false,
  -- Since when the schedule says what it says: what it would have planned before then was never owed. created_at is
  -- when its row was made.
  in_force_since timestamptz not null default now(),
  paused_until timestamptz,
  paused_reason text,
  -- Every fire time up to and including this one has been planned.
  planned_until timestamptz not null default now(),
  next_due_at timestamptz,
  -- Fire times left out because the run before was still open (overlap 'skip').
  skipped integer not null default 0,
  last_skipped_at timestamptz,
  -- Who hears when one of its runs fails; null: nobody but whoever runs the system.
  owner_address text,
  created_at timestamptz not null default now(),
  unique (client_id, id)
);
create index schedules_due on schedules (next_due_at);
create trigger schedules_change before update of cron, zone, payload on schedules for each row
  when ((old.cron, old.zone, old.payload) is distinct from (new.cron, new.zone, new.payload))
  execute function note_schedule_change();

-- The processes that work, with the last sign of life of each: a running run whose node is silent is an orphan.
create table nodes (
  id text primary key,
  -- Which jobs it knows, so that a node of an older version can tell whether anybody knows a run's job. null: a version
  -- that did not say.
  jobs text[],
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now()
);

create table backfills (
  id uuid primary key default gen_random_uuid(),
  client_id text collate "C" not null references clients (id) on delete cascade,
  job text not null,
  -- Of one named schedule, such as a subscription's report, instead of the one its job declares.
  schedule_id text references schedules (id) on delete set null,
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

create table runs (
  id uuid primary key default gen_random_uuid(),
  job text not null,
  -- One run per job and key, ever.
  key text not null,
  queue text not null,
  client_id text collate "C" references clients (id) on delete cascade,
  -- The local day whose night this run belongs to; null for work asked for by itself.
  night date,
  -- What the run is about, whenever it runs: local days of the client, half-open.
  window_from date,
  window_to date,
  payload jsonb not null,
  state text not null default 'planned'
    check (state in ('planned', 'queued', 'running', 'succeeded', 'failed', 'cancelled')),
  origin text not null check (origin in ('schedule', 'person', 'program', 'backfill', 'follow-up', 'late-facts')),
  requested_by text,
  -- W3C trace context of whoever asked for it.
  trace_parent text,
  schedule_id text references schedules (id) on delete set null,
  backfill_id uuid references backfills (id) on delete set null,
  -- Its place within its backfill.
  position integer not null default 0,
  due_at timestamptz,
  late_at timestamptz,
  -- 1 a person waits, 2 a night, 3 a backfill.
  priority smallint not null default 2 check (priority between 1 and 3),
  not_before timestamptz not null default now(),
  -- Waits until every earlier run of its schedule has ended (overlap 'queue').
  is_serial boolean not null default false,
  -- Raised by every claim; whoever writes for a run names the attempt it claimed.
  attempt integer not null default 0,
  failures integer not null default 0,
  crashes integer not null default 0,
  node text,
  progress double precision check (progress between 0 and 1),
  planned_at timestamptz not null default now(),
  queued_at timestamptz,
  started_at timestamptz,
  finished_at timestamptz,
  cancel_requested_at timestamptz,
  error_code text,
  error_message text,
  result jsonb,
  -- A run that had succeeded and is planned again (late facts, a person, a backfill) has not lost what it had done:
  -- until it succeeds again, its row remembers how it stood. Whoever cancels it before that, and however, gives it that
  -- back.
  done_before jsonb,
  unique (job, key)
)
-- Every run is written four times within moments: what that leaves behind is cleared away early.
with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
create trigger runs_stay_done before update on runs for each row
  when (new.state = 'cancelled' and old.state in ('planned', 'queued', 'running') and new.done_before is not null)
  execute function leave_run_done();
create index runs_night on runs (client_id, night desc, job);
create index runs_backfill on runs (backfill_id, state) where backfill_id is not null;
create index runs_window on runs (client_id, job, window_to desc) where window_to is not null;
create index runs_late on runs (late_at) where state in ('planned', 'queued', 'running') and late_at is not null;

-- Few runs fail, and every sweep looks at them.
create index runs_failed on runs (finished_at) where state = 'failed';

-- What a dispatcher asks for: which clients of which queue have planned runs, the first of each, and how many are in
-- progress.
create index runs_planned on runs
  (queue, coalesce(client_id, ''), priority, due_at nulls first, planned_at, position, id) where state = 'planned';
create index runs_in_flight on runs (queue, coalesce(client_id, '')) where state in ('queued', 'running');
create index runs_on_node on runs (node) where state = 'running';
create index runs_schedule on runs (schedule_id, due_at) where state in ('planned', 'queued', 'running') and schedule_id is not null;

-- Runs are listed newest first. An open run changes its state three times, and every index on all runs is written again
-- each time; these are written once, when a run ends. What is open is found by runs_planned and runs_in_flight.
create index runs_finished on runs (planned_at desc, id desc) where state in ('succeeded', 'failed', 'cancelled');
create index runs_of_client on runs (client_id, planned_at desc, id desc) where state in ('succeeded', 'failed', 'cancelled');
create index runs_of_job on runs (job, planned_at desc, id desc) where state in ('succeeded', 'failed', 'cancelled');
-- Few, and far apart: whoever looks for some of them reads no row of the others.
create index runs_undone on runs (planned_at desc, id desc) include (state, client_id, job) where state in ('failed', 'cancelled');

create table run_dependencies (
  run_id uuid not null references runs (id) on delete cascade,
  job text not null,
  key text not null,
  primary key (run_id, job, key)
);
create index run_dependencies_on on run_dependencies (job, key);

-- One row per attempt that ended, written once: the attempt in progress is the run's own row (attempt, node,
-- started_at).
create table run_attempts (
  run_id uuid not null references runs (id) on delete cascade,
  attempt integer not null,
  node text not null,
  started_at timestamptz not null default now(),
  finished_at timestamptz not null,
  -- crashed: its process ended under it, which counts as a crash and not as a failure.
  outcome text not null
    check (outcome in ('succeeded', 'failed', 'retried', 'cancelled', 'given-back', 'lost', 'crashed')),
  error_code text,
  error_message text,
  error_stack text,
  primary key (run_id, attempt)
);
-- Attempts are written once, in the order they end: an index of a few pages, free to keep.
create index run_attempts_finished on run_attempts using brin (finished_at) with (pages_per_range = 16, autosummarize = on);

create table run_logs (
  run_id uuid not null references runs (id) on delete cascade,
  attempt integer not null,
  line integer not null,
  at timestamptz not null default now(),
  level text not null,
  message text not null,
  primary key (run_id, attempt, line)
);

-- Something a person should know. One row per thing, however often it is noticed.
create table alerts (
  id uuid primary key default gen_random_uuid(),
  -- Which kinds there are is declared in src/alerts/kinds, where one more is one file: no check repeats them here.
  kind text not null,
  client_id text collate "C" references clients (id) on delete cascade,
  -- What it is about: a kind of thing, such as a run or a queue, and its id among the things of that kind that its
  -- client has.
  subject_kind text not null,
  subject_id text not null,
  -- Which time of it, such as a run's attempt; the same time is told once. Empty: it is told once, ever.
  episode text not null default '',
  title text not null,
  -- What happened, to what.
  message text not null,
  -- What to do about it.
  advice text not null,
  raised_at timestamptz not null default now(),
  -- The cause is gone: the run succeeded, the queue moves.
  resolved_at timestamptz,
  -- Two clients may have things of one id.
  constraint alerts_subject_key unique nulls not distinct (kind, subject_id, episode, client_id)
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
  -- The mail or call that tells it. Several alerts of one receiver may share one; null: not yet on its way.
  post_id uuid,
  posted_at timestamptz,
  message_id text,
  message_date timestamptz,
  tries integer not null default 0,
  sent_at timestamptz,
  reply text,
  primary key (alert_id, channel, address)
);
create index alert_notices_post on alert_notices (post_id);
create index alert_notices_unposted on alert_notices (channel, address) where post_id is null;
create index alert_notices_posted on alert_notices (posted_at);
