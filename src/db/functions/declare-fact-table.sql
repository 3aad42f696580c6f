-- Makes a partitioned table one of facts: its default partition (nothing is refused for want of a month;
-- ensure_fact_partitions moves what fell in there), the index a day's roll-up reads by, row-level security, and the
-- marking of its days, by other_times too.
create or replace function declare_fact_table(
  table_name text, time_column text, is_event boolean, customer_column text,
  is_book boolean default false, other_times text[] default '{}', marker text default 'mark_dirty_days'
) returns void language plpgsql as $$
begin
  insert into fact_tables (name, time_column, is_event, is_book, customer_column)
  values (table_name, time_column, is_event, is_book, customer_column);
  execute format('create table %I partition of %I default', table_name || '_default', table_name);
  execute format('create index %I on %I (client_id, %I)', table_name || '_' || time_column, table_name, time_column);
  perform secure_tenant_table(table_name::regclass);
  if marker = 'mark_dirty_days' then
    perform mark_days_of(table_name, marker, variadic array[time_column] || other_times);
  else
    perform mark_days_of(table_name, marker);
  end if;
end $$;

-- Gives a table the triggers that mark the days its rows fall on, by a function and what it is called with
-- (mark_dirty_days: the time columns). Another name for the same customer changes no sum: an erasure says so (set local
-- daybreak.erasing = 'on'), and no day becomes dirty.
create or replace function mark_days_of(table_name text, marker text default 'mark_dirty_days', variadic arguments text[] default '{}')
returns void language plpgsql as $$
declare
  call text := format('execute function %I(%s)', marker, (select string_agg(quote_literal(argument), ', ') from unnest(arguments) as argument));
begin
  execute format('create trigger %I after insert on %I referencing new table as new_facts for each statement ',
    table_name || '_insert', table_name) || call;
  execute format('create trigger %I after update on %I referencing old table as old_facts new table as new_facts for each statement
    when (current_setting(''daybreak.erasing'', true) is distinct from ''on'') ', table_name || '_update', table_name) || call;
  execute format('create trigger %I after delete on %I referencing old table as old_facts for each statement ',
    table_name || '_delete', table_name) || call;
end $$;
