-- How long after a contact a repeat of it still counts (REPEAT_HOURS in questions/metrics-asked.ts).
create or replace function repeat_window() returns interval
language sql immutable parallel safe return interval '168 hours';
grant execute on function repeat_window() to daybreak_client;
