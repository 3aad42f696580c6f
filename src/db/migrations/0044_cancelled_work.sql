-- A run that had succeeded and is planned again (late facts, a person, a backfill) has not lost what it had done: until it succeeds anew, its
-- row remembers how it stood. Whoever cancels it before that, and however, gives it that back.
alter table runs add column done_before jsonb;

-- cancel_requested_at stays: what nobody wanted done again is not planned again by itself until its day changes (jobs/late-days.sql).
create function leave_run_done() returns trigger language plpgsql set search_path = pg_catalog, public, pg_temp as $$
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

create trigger runs_stay_done before update on runs for each row
  when (new.state = 'cancelled' and old.state in ('planned', 'queued', 'running') and new.done_before is not null)
  execute function leave_run_done();

-- An import that was stopped before its end says what had become of its rows by then.
alter table imports drop constraint imports_check1;
alter table imports add constraint imports_finished_with_result check (finished_at is null or result is not null);
