-- Clients (tenants), the people and keys that may act for them, and the log of what they changed.
-- Keys are text in collation "C": short slugs that read well in a job key, a URL and a log line.

create table clients (
  id text collate "C" primary key check (id ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name text not null check (name <> ''),
  time_zone text not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  locale text not null default 'en-GB',
  -- Answered within this many seconds counts for the service level.
  service_level_s integer not null default 20 check (service_level_s > 0),
  -- An abandon before this many seconds is a short abandon, left out of offered and abandoned.
  short_abandon_s integer not null default 5 check (short_abandon_s >= 0),
  created_at timestamptz not null default now()
);

create table users (
  id uuid primary key default gen_random_uuid(),
  email text not null check (email = lower(email) and email like '%_@_%'),
  name text not null,
  role text not null check (role in ('admin', 'operator', 'finance', 'supervisor', 'viewer')),
  -- null: may act for every client.
  client_id text collate "C" references clients (id) on delete cascade,
  password_hash text not null,
  disabled_at timestamptz,
  created_at timestamptz not null default now(),
  unique (email)
);

create table sessions (
  -- SHA-256 of the cookie's value, so that reading this table gives nobody a session.
  token_hash bytea primary key,
  user_id uuid not null references users (id) on delete cascade,
  csrf_token text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);

create table api_keys (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  -- SHA-256 of the key; the key itself is shown once.
  key_hash bytea not null unique,
  key_prefix text not null,
  role text not null check (role in ('admin', 'operator', 'viewer', 'ingest')),
  client_id text collate "C" references clients (id) on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz
);

-- Every change a person or a program makes: who, what, before, after, from where.
create table analytics_audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor_kind text not null check (actor_kind in ('user', 'key', 'command-line')),
  actor_id text not null,
  actor_name text not null,
  action text not null,
  target text not null,
  client_id text collate "C",
  before jsonb,
  after jsonb,
  ip text
);
create index analytics_audit_log_at on analytics_audit_log (at desc);
