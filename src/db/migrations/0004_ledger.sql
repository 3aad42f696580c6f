-- The ledger: what should run, what ran, and how it went. PostgreSQL is the memory; the queue may be emptied at any moment.
-- These tables belong to the node that schedules, not to a client's shard: client_id is null for work of the whole system.

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
  overlap text not null check (overlap in ('skip', 'queue', 'allow')),
  paused_until timestamptz,
  paused_reason text,
  -- Every fire time up to and including this one has been planned.
  planned_until timestamptz not null default now(),
  next_due_at timestamptz,
  created_at timestamptz not null default now()
);
create index schedules_due on schedules (next_due_at);

-- The processes that work, with the last sign of life of each: a running run whose node is silent is an orphan.
create table nodes (
  id text primary key,
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now()
);

create table runs (
  id uuid primary key default gen_random_uuid(),
  job text not null,
  -- One run per job and key, ever.
  key text not null,
  queue text not null,
  client_id text collate "C" references clients (id) on delete cascade,
  -- The local day whose night this run belongs to; null for work asked for by itself.
  night date,
  payload jsonb not null,
  state text not null default 'planned'
    check (state in ('planned', 'queued', 'running', 'succeeded', 'failed', 'cancelled')),
  origin text not null check (origin in ('schedule', 'person', 'program', 'backfill', 'follow-up', 'late-facts')),
  requested_by text,
  schedule_id text references schedules (id) on delete set null,
  due_at timestamptz,
  -- 1 a person waits, 2 a night, 3 a backfill.
  priority smallint not null default 2 check (priority between 1 and 3),
  not_before timestamptz not null default now(),
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
  unique (job, key)
);
create index runs_waiting on runs (queue, priority, planned_at) where state = 'planned';
create index runs_open on runs (state, queued_at) where state in ('queued', 'running');
create index runs_night on runs (client_id, night desc, job);
create index runs_recent on runs (planned_at desc, id);

create table run_dependencies (
  run_id uuid not null references runs (id) on delete cascade,
  job text not null,
  key text not null,
  primary key (run_id, job, key)
);
create index run_dependencies_on on run_dependencies (job, key);

create table run_attempts (
  run_id uuid not null references runs (id) on delete cascade,
  attempt integer not null,
  node text not null,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  outcome text check (outcome in ('succeeded', 'failed', 'retried', 'cancelled', 'given-back', 'lost')),
  error_code text,
  error_message text,
  error_stack text,
  primary key (run_id, attempt)
);

create table run_logs (
  run_id uuid not null references runs (id) on delete cascade,
  attempt integer not null,
  line integer not null,
  at timestamptz not null default now(),
  level text not null,
  message text not null,
  primary key (run_id, attempt, line)
);
