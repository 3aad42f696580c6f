-- Erasing one customer of a client (src/privacy), and the proof of it.

-- Makes the hashes in erasures useless to whoever does not know it. One of its own for each client.
alter table clients add column erasure_salt uuid not null default gen_random_uuid();

create table erasures (
  client_id text collate "C" not null references clients (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  -- SHA-256 of '<the client's salt>:<the customer's id>': whoever has the id can look up whether it was erased, nobody can read it off.
  customer_hash bytea not null,
  requested_at timestamptz not null default now(),
  requested_by text not null,
  -- While the work is under way, so that it can be taken up again: the customer's id, and what stands in its place from now on. null ever after.
  pending_id text collate "C",
  pseudonym text collate "C",
  -- Rows that named the customer, by table: { "payments": 3 }.
  row_counts jsonb not null default '{}',
  -- Reports with files that named the customer, by the ids of their executions: { "deleted": ["…"], "unread": ["…"] }.
  reports jsonb not null default '{}',
  -- How often the id was found after the work, in every text of the client: nothing is finished before it is 0.
  verification_count integer,
  finished_at timestamptz,
  primary key (client_id, id),
  check ((finished_at is null) = (pending_id is not null)),
  check ((finished_at is null) = (pseudonym is not null)),
  check (finished_at is null or verification_count = 0)
);
create unique index erasures_pending on erasures (client_id, customer_hash) where finished_at is null;
select secure_tenant_table('erasures');

-- Another name for the same customer changes no sum: an erasure says so (set local daybreak.erasing = 'on'), and no day becomes dirty.
do $$
declare
  marker record;
begin
  for marker in
    select t.tgname as name, t.tgrelid::regclass as table_name, pg_get_triggerdef(t.oid) as definition
    from pg_trigger t join pg_proc p on p.oid = t.tgfoid
    -- 16: on update.
    where p.proname ~ '^mark_.*_days$' and not t.tgisinternal and t.tgparentid = 0 and t.tgtype & 16 <> 0
  loop
    execute format('drop trigger %I on %s', marker.name, marker.table_name);
    execute replace(marker.definition, ' EXECUTE FUNCTION ',
      ' WHEN (current_setting(''daybreak.erasing'', true) is distinct from ''on'') EXECUTE FUNCTION ');
  end loop;
end $$;
