-- Makes the monthly partitions that [from_day, to_day] touches, of every fact table or of those named. Twice is the
-- same as once. Two that need the same new month at once: the second waits for the first and then must see what it
-- made. to_regclass remembers that there was no such table, since waiting for an advisory lock makes a session hear of
-- no change; a query sees what is committed. A client's own session may ask for the months of facts that there can be,
-- not for all that a date can name: what lies beyond them is kept in the default partition.
create or replace function ensure_fact_partitions(from_day date, to_day date, tables text[] default null) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  fact record;
  month date;
  part text;
begin
  if to_day - from_day > 3700 then raise exception 'partitions for more than ten years at once' using errcode = 'data_exception'; end if;
  for fact in select name, time_column from fact_tables where tables is null or name = any(tables) order by name
  loop
    -- A day either side: a client's local month begins in another UTC month.
    for month in select generate_series(
      date_trunc('month', greatest(from_day - 1, date '1970-01-01')), least(to_day + 1, current_date + 3660), interval '1 month')::date
    loop
      part := format('%s_%s', fact.name, to_char(month, 'YYYY_MM'));
      continue when to_regclass(part) is not null;
      perform pg_advisory_xact_lock(hashtext('ensure_fact_partitions'));
      continue when exists (select from pg_class where relname = part and relnamespace = 'public'::regnamespace);
      execute format('create table public.%I (like %I including defaults including constraints including generated)', part, fact.name);
      execute format(
        'with moved as (delete from %I where %I >= %L and %I < %L returning *) insert into %I select * from moved',
        fact.name || '_default', fact.time_column, month::timestamp at time zone 'UTC',
        fact.time_column, (month + interval '1 month')::timestamp at time zone 'UTC', part);
      execute format('alter table %I attach partition %I for values from (%L) to (%L)', fact.name, part,
        month::timestamp at time zone 'UTC', (month + interval '1 month')::timestamp at time zone 'UTC');
    end loop;
  end loop;
end $$;
grant execute on function ensure_fact_partitions(date, date, text[]) to daybreak_client;
