-- Files that people and programs upload to be imported, each done by one run of import-file. The bytes lie in the object store under
-- object_key until retention deletes them; a dry run and the import that follows it may share them.
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
  -- Once its run has succeeded: the counts and notes (ImportResult of src/ingest/imports/import-file.ts), and where the rejects lie, if any.
  result jsonb,
  rejects_key text,
  finished_at timestamptz check ((finished_at is null) = (result is null)),
  primary key (client_id, id)
);
create index imports_newest on imports (created_at desc, id desc);
create index imports_of_client on imports (client_id, created_at desc, id desc);
create index imports_object on imports (object_key);
select secure_tenant_table('imports');
