-- A run that was cancelled after it had succeeded before stays as it stood then (runs.done_before). cancel_requested_at
-- stays: what nobody wanted done again is not planned again by itself until its day changes
-- (analytics/metrics/late-days.sql).
create or replace function leave_run_done() returns trigger language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
  new := jsonb_populate_record(new, new.done_before);
  new.state := 'succeeded';
  new.progress := 1;
  new.error_code := null;
  new.error_message := null;
  new.done_before := null;
  return new;
end
$$;
