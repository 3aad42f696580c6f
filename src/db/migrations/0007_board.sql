-- What the board keeps beside people and their sessions: the log of what they changed, and answers given already.

-- Every change a person or a program makes: who, what, before, after, from where.
create table analytics_audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  -- link: whoever follows a mailed link, who may unsubscribe without signing in; stranger: a sign-in that failed.
  actor_kind text not null check (actor_kind in ('user', 'key', 'link', 'command-line', 'stranger')),
  actor_id text not null,
  actor_name text not null,
  action text not null,
  target text not null,
  -- A change goes on record before it is made: a process that dies in between leaves `begun`, and nobody can change
  -- anything unseen.
  outcome text not null default 'done' check (outcome in ('begun', 'done', 'refused', 'failed')),
  -- Why it was refused or failed: the code of the problem it was answered with.
  code text,
  client_id text collate "C",
  before jsonb,
  after jsonb,
  ip text,
  -- Refusals and downloads may come in floods: the same within a minute is one row that counts. null: it has its row
  -- alone.
  minute_at timestamptz,
  times integer not null default 1 check (times > 0),
  check ((code is not null) = (outcome in ('refused', 'failed')))
);
create index analytics_audit_log_at on analytics_audit_log (at desc);

-- The few that did not end well, among the many that did.
create index analytics_audit_log_outcome on analytics_audit_log (outcome, id desc) where outcome <> 'done';

-- A refusal whatever it was aimed at, so that many aims fill the table no faster than one; a download by what was
-- downloaded.
create unique index analytics_audit_log_refused on analytics_audit_log (actor_kind, actor_id, action, code, minute_at)
  where outcome = 'refused';
create unique index analytics_audit_log_read on analytics_audit_log (actor_kind, actor_id, ip, action, target, minute_at)
  nulls not distinct where outcome = 'done' and minute_at is not null;

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
