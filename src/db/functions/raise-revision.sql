-- What rollup_days.revision and changed_at say (0003_rollups.sql).
create or replace function raise_revision() returns trigger language plpgsql as $$
begin
  new.revision := nextval('rollup_revisions');
  if new.facts_version > old.facts_version or new.rolled_version < old.rolled_version then
    new.changed_at := clock_timestamp();
  end if;
  return new;
end $$;
