-- What is declared for a schedule (by its job, or by the subscription it serves), beside what is in force: a person's edit is shown
-- against it and taken back to it. { cron, zone, catchUp, catchUpWithinS, lateAfterS, overlap }; null: nobody declares it.
alter table schedules add column declared jsonb;

-- A client that moves to another zone is due at other times.
create function replan_moved_client() returns trigger language plpgsql as $$
begin
  update schedules set next_due_at = null where client_id = new.id and zone = 'client';
  return null;
end $$;
create trigger clients_moved after update of time_zone on clients for each row
  when (old.time_zone is distinct from new.time_zone) execute function replan_moved_client();
