-- The same contact may stand on a day twice, at two instants, when a pipeline of plain SQL corrects it without deleting it: each of them is
-- repeated, or not, by itself. Rows whose contact is gone are of days that nothing repeats any more.
alter table repeated_contacts add column started_at timestamptz;
update repeated_contacts r set started_at = i.started_at
from interactions i join clients c on c.id = i.client_id
where i.client_id = r.client_id and i.id = r.id and (i.started_at at time zone c.time_zone)::date = r.day;
delete from repeated_contacts where started_at is null;
alter table repeated_contacts
  alter column started_at set not null,
  drop constraint repeated_contacts_pkey,
  add primary key (client_id, day, id, started_at);

-- When the day changed last, by facts or by what its client is set to: what failed before then may be tried again.
alter table rollup_days add column changed_at timestamptz not null default now();
create or replace function raise_revision() returns trigger language plpgsql as $$
begin
  new.revision := nextval('rollup_revisions');
  if new.facts_version > old.facts_version or new.rolled_version < old.rolled_version then
    new.changed_at := clock_timestamp();
  end if;
  return new;
end $$;
