-- From where each person signed in before: whoever guesses their password from elsewhere cannot lock them out there.
create table known_addresses (
  user_id uuid not null references users (id) on delete cascade,
  -- SHA-256 of the person's id, a space and the address (of IPv6 its network).
  address_hash bytea not null,
  seen_at timestamptz not null default now(),
  primary key (user_id, address_hash)
);

-- What is over is deleted whenever somebody tries.
create index sign_in_failures_expire on sign_in_failures (expire);

-- Sign-ins that failed are on record too.
alter table analytics_audit_log drop constraint analytics_audit_log_actor_kind_check;
alter table analytics_audit_log add check (actor_kind in ('user', 'key', 'link', 'command-line', 'stranger'));
