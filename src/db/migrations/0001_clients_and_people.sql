-- Clients (tenants), the people and keys that may act for them, and what they sign in with.
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
  -- A booking called off at least this long before it begins was called off in time.
  cancel_hours integer not null default 24 check (cancel_hours >= 0),
  -- Makes the hashes in erasures useless to whoever does not know it. One of its own for each client.
  erasure_salt uuid not null default gen_random_uuid(),
  created_at timestamptz not null default now()
);

-- What a client is set to decides its sums and its fire times.
create trigger clients_settings after update on clients for each row
  when ((old.time_zone, old.currency, old.service_level_s, old.short_abandon_s, old.cancel_hours)
    is distinct from (new.time_zone, new.currency, new.service_level_s, new.short_abandon_s, new.cancel_hours))
  execute function mark_days_of_client();
create trigger clients_moved after update of time_zone on clients for each row
  when (old.time_zone is distinct from new.time_zone) execute function replan_moved_client();

-- What is written by the hundred thousand has no foreign key to its client (0003): it goes with the client all the
-- same.
create trigger clients_rollups after delete on clients referencing old table as gone
  for each statement execute function delete_rollups_of_clients();
create trigger clients_periods after delete on clients referencing old table as gone
  for each statement execute function delete_periods_of_clients();

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
create index sessions_user on sessions (user_id);
create index sessions_expires_at on sessions (expires_at);

-- From where each person signed in before: whoever guesses their password from elsewhere cannot lock them out there.
create table known_addresses (
  user_id uuid not null references users (id) on delete cascade,
  -- SHA-256 of the person's id, a space and the address (of IPv6 its network).
  address_hash bytea not null,
  seen_at timestamptz not null default now(),
  primary key (user_id, address_hash)
);

-- Failed sign-ins per account and per address, as rate-limiter-flexible keeps them; key holds a hash, never the address
-- itself.
create table sign_in_failures (
  key varchar(255) primary key,
  points integer not null default 0,
  -- Milliseconds since 1970.
  expire bigint
);

-- What is over is deleted whenever somebody tries.
create index sign_in_failures_expire on sign_in_failures (expire);

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

-- The passwords of the roles in which work for one client signs in, one role for each database (client-login.ts), and
-- what proves a client's name. Roles are the server's: a copy of the database finds none of its name here.
create table client_logins (
  role text primary key,
  password text not null
);
create table client_proofs (
  is_only boolean primary key default true check (is_only),
  secret bytea not null
);
-- gen_random_uuid is the only strong source of randomness that every server has.
insert into client_proofs (secret) values (sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));
