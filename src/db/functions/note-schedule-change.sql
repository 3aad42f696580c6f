-- A schedule that says something else is in force from now on (schedules.in_force_since).
create or replace function note_schedule_change() returns trigger language plpgsql as $$
begin
  new.in_force_since := now();
  return new;
end $$;
