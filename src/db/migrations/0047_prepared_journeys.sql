-- Answers to questions on journeys, made in the night (job prepare-journeys), so that a page need not wait for them: the rows they are made of.
create table prepared_journeys (
  client_id text collate "C" not null references clients (id) on delete cascade,
  -- Everything that was asked.
  question text collate "C" not null,
  -- Of the days that it was made of: the same for as long as nothing has changed of them.
  stamp text collate "C" not null,
  -- The day that ended with the night.
  day date not null,
  rows json not null,
  prepared_at timestamptz not null,
  primary key (client_id, question)
);
select secure_tenant_table('prepared_journeys');

-- An erased customer may be named in them. Whoever stores any takes the same lock first, and stores none from before an erasure.
create function drop_prepared_journeys() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('prepared-journeys:' || new.client_id, 0));
  delete from prepared_journeys where client_id = new.client_id;
  return null;
end $$;
create trigger erasures_prepared_journeys after insert or update of finished_at on erasures
  for each row execute function drop_prepared_journeys();
