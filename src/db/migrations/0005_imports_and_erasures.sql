-- What comes in whole and what goes for good: files that are imported, and the erasure of one customer of a client.

-- Files that people and programs upload to be imported, each done by one run of import-file. The bytes lie in the
-- object store under object_key until retention deletes them; a dry run and the import that follows it may share them.
create table imports (
  client_id text collate "C" not null references clients (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  -- A kind of facts, such as interactions.
  kind text not null,
  -- As the file was called where it came from.
  file_name text not null,
  -- null: told by the file itself.
  format text check (format in ('csv', 'jsonl', 'xlsx')),
  -- Of a workbook; null: the first of each.
  sheet text,
  header_row integer check (header_row > 0),
  -- The mapping that was sent; null: none, or the one that mapping_name says, which ships.
  mapping jsonb,
  mapping_name text check (mapping is null or mapping_name is null),
  dry_run boolean not null,
  strict boolean not null,
  object_key text not null,
  size_bytes bigint not null check (size_bytes >= 0),
  sha256 text not null,
  requested_by text not null,
  created_at timestamptz not null default now(),
  -- Once its run has succeeded: the counts and notes (ImportResult of src/ingest/imports/import-file.ts), and where the
  -- rejects lie, if any.
  result jsonb,
  rejects_key text,
  -- What a file or its mapping says where something else was expected: names of sheets and columns, which may be
  -- somebody's. The run that failed says it without them, for all who may see runs; this is for those who may see the
  -- import, and goes with its file when a customer is erased.
  found text,
  -- The run that does it, planned in the transaction that records the import.
  run_id uuid,
  finished_at timestamptz,
  -- An import that was stopped before its end says what had become of its rows by then.
  constraint imports_finished_with_result check (finished_at is null or result is not null),
  primary key (client_id, id)
);
create index imports_newest on imports (created_at desc, id desc);
create index imports_of_client on imports (client_id, created_at desc, id desc);
create index imports_object on imports (object_key);

-- One file is imported in earnest once, however often and by whomever at once it is asked for.
create unique index imports_in_earnest on imports (client_id, object_key) where not dry_run;

-- Erasing one customer of a client (src/privacy), and the proof of it.
create table erasures (
  client_id text collate "C" not null references clients (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  -- SHA-256 of '<the client's salt>:<the customer's id>': whoever has the id can look up whether it was erased, nobody
  -- can read it off.
  customer_hash bytea not null,
  requested_at timestamptz not null default now(),
  requested_by text not null,
  -- While the work is in progress, so that it can be taken up again: the customer's id, and the name, by which files
  -- that are made meanwhile are found. null ever after. No pseudonym: each time over the customer gets another one, for
  -- the same customer may come in again meanwhile, and two customers cannot become one.
  pending_id text collate "C",
  pending_name text,
  -- Rows that named the customer, by table: { "payments": 3 }.
  row_counts jsonb not null default '{}',
  -- Reports with files that named the customer, by the ids of their executions: { "deleted": ["…"], "unread": ["…"] }.
  reports jsonb not null default '{}',
  -- How often the id was found after the work, in every text of the client: nothing is finished before it is 0.
  verification_count integer,
  finished_at timestamptz,
  primary key (client_id, id),
  check ((finished_at is null) = (pending_id is not null)),
  check (finished_at is null or pending_name is null),
  check (finished_at is null or verification_count = 0)
);
create unique index erasures_pending on erasures (client_id, customer_hash) where finished_at is null;
