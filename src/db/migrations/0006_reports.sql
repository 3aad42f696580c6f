-- Reports: who gets which (recipients), one rendering for one window (executions), its files, and one recipient's copy
-- (deliveries).

-- A report that is sent again and again is a row of schedules (job render-report), which says when and what: who gets
-- it.
create table schedule_recipients (
  client_id text collate "C" not null,
  schedule_id text collate "C" not null,
  -- In lower case.
  address text not null check (address = lower(address)),
  formats text[] not null check (cardinality(formats) > 0),
  added_at timestamptz not null default now(),
  -- Whoever unsubscribes stays here, so that nobody adds them again by mistake.
  unsubscribed_at timestamptz,
  primary key (client_id, schedule_id, address),
  foreign key (client_id, schedule_id) references schedules (client_id, id) on delete cascade
);

-- id is the id of the run that renders it.
create table executions (
  client_id text collate "C" not null references clients (id) on delete cascade,
  id uuid not null,
  report text not null,
  -- null: asked for by itself.
  schedule_id text collate "C",
  -- Local days of the client, half-open.
  window_from date not null,
  window_to date not null,
  time_zone text not null,
  currency text not null,
  state text not null default 'pending' check (state in ('pending', 'running', 'completed', 'failed')),
  -- Some day of the window was not rolled up, or not since its last fact.
  provisional boolean not null default false,
  data_as_of timestamptz,
  -- The report's headline figures, as rendered: [{ "label", "value", "type" }]; every format and the mail show these.
  figures jsonb,
  error_message text,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (client_id, id)
);
create index executions_recent on executions (client_id, created_at desc);

-- A file is asked for by the execution alone; which client it belongs to is read from the row.
create index executions_id on executions (id);

create table execution_files (
  client_id text collate "C" not null,
  execution_id uuid not null,
  format text not null check (format in ('pdf', 'xlsx', 'csv', 'html', 'json')),
  object_key text not null,
  file_name text not null,
  media_type text not null,
  size_bytes bigint not null,
  sha256 text not null,
  primary key (client_id, execution_id, format),
  foreign key (client_id, execution_id) references executions on delete cascade
);

create table deliveries (
  client_id text collate "C" not null,
  id uuid not null default gen_random_uuid(),
  execution_id uuid not null,
  address text not null,
  formats text[] not null,
  -- unknown: the server may or may not have taken it (we died or it fell silent between the data and its answer); never
  -- resent by itself.
  state text not null default 'pending' check (state in ('pending', 'sending', 'sent', 'failed', 'unknown', 'unsubscribed')),
  -- Chosen before the first try and kept for every automatic one, so that a server can drop a second copy.
  message_id text,
  message_date timestamptz,
  tries integer not null default 0,
  sent_at timestamptz,
  -- A copy whose mail nobody knew about was sent again, and then the server took the first one after all: its
  -- Message-ID, and when that was known.
  late_message_id text,
  late_sent_at timestamptz,
  -- What the server said, or why it failed.
  reply text,
  -- SHA-256 of the token in this copy's unsubscribe address.
  unsubscribe_hash bytea,
  created_at timestamptz not null default now(),
  primary key (client_id, id),
  unique (client_id, execution_id, address),
  foreign key (client_id, execution_id) references executions on delete cascade
);
create index deliveries_unsubscribe on deliveries (unsubscribe_hash);

-- A mailed link to one file: checked, logged, then served or redirected. Holds the hash, never the token.
create table download_links (
  client_id text collate "C" not null,
  token_hash bytea not null,
  execution_id uuid not null,
  format text not null,
  delivery_id uuid,
  expires_at timestamptz not null,
  revoked_at timestamptz,
  downloads integer not null default 0,
  primary key (client_id, token_hash),
  foreign key (client_id, execution_id) references executions on delete cascade
);
create index download_links_token on download_links (token_hash);
