-- A client that moves to another zone is due at other times.
create or replace function replan_moved_client() returns trigger language plpgsql as $$
begin
  update schedules set next_due_at = null where client_id = new.id and zone = 'client';
  return null;
end $$;
