-- What the board keeps beside people and their sessions.

create index sessions_user on sessions (user_id);
create index sessions_expires_at on sessions (expires_at);

-- A write that came with an Idempotency-Key, and what it was answered: the same key gives the same answer for a day.
create table idempotency_keys (
  -- 'user:…' or 'key:…': a key means something to whoever chose it, and nothing to anybody else.
  actor text not null,
  key text not null,
  -- SHA-256 of method, address and body: the same key for something else is refused.
  request_hash bytea not null,
  -- null while the first request is still at work.
  status smallint,
  reply text,
  created_at timestamptz not null default now(),
  primary key (actor, key)
);
create index idempotency_keys_created_at on idempotency_keys (created_at);

-- Failed sign-ins per account and per address, as rate-limiter-flexible keeps them; key holds a hash, never the address itself.
create table sign_in_failures (
  key varchar(255) primary key,
  points integer not null default 0,
  -- Milliseconds since 1970.
  expire bigint
);

-- Whoever follows a mailed link may unsubscribe without signing in.
alter table analytics_audit_log drop constraint analytics_audit_log_actor_kind_check;
alter table analytics_audit_log add check (actor_kind in ('user', 'key', 'link', 'command-line'));

-- A file is asked for by the execution alone; which client it belongs to is read from the row.
create index executions_id on executions (id);
