-- An erased customer may be named in them. Whoever stores any takes the same lock first, and stores none from before an
-- erasure.
create or replace function drop_prepared_journeys() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('prepared-journeys:' || new.client_id, 0));
  delete from prepared_journeys where client_id = new.client_id;
  return null;
end $$;
