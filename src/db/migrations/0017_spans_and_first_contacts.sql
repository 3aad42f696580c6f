-- What the roll-ups of business metrics read and what marks their days, beyond what every fact table has (0015).

-- Bookings and availability have a length, and count on every day they touch. Those longer than a day are few: they are found by their
-- end, so that a day's roll-up need not look back further than one day for the others.
create index bookings_long on bookings (client_id, ends_at) where ends_at - starts_at > interval '24 hours';
create index provider_availability_long on provider_availability (client_id, ends_at) where ends_at - starts_at > interval '24 hours';

-- Marks every day that a row of new_facts (and old_facts) touches in [starts_at, ends_at). What lasts longer than 366 days counts nowhere.
create function mark_dirty_span_days() returns trigger language plpgsql security definer set search_path = public as $$
declare
  source text := case tg_op when 'INSERT' then 'select * from new_facts' when 'DELETE' then 'select * from old_facts'
    else 'select * from new_facts union all select * from old_facts' end;
begin
  execute format(
    'insert into rollup_days (client_id, day)
     select distinct s.client_id, d::date
     from (
       select distinct
         f.client_id,
         (f.starts_at at time zone c.time_zone)::date as first_day,
         (least(f.ends_at - interval ''1 microsecond'', f.starts_at + interval ''366 days'') at time zone c.time_zone)::date as last_day
       from (%s) f join clients c on c.id = f.client_id
     ) s, generate_series(s.first_day, greatest(s.first_day, s.last_day), interval ''1 day'') d
     order by 1, 2
     on conflict (client_id, day) do update set facts_version = rollup_days.facts_version + 1', source);
  return null;
end $$;

-- Marks the days on which customers were seen for the first time, when one is added or what its day counts by has changed.
create function mark_first_contact_days() returns trigger language plpgsql security definer set search_path = public as $$
declare
  columns constant text := 'client_id, id, role, country, first_contact_at';
  source text := case tg_op
    when 'INSERT' then format('select %s from new_facts', columns)
    when 'DELETE' then format('select %s from old_facts', columns)
    else format(
      '(select %1$s from new_facts except select %1$s from old_facts) union all (select %1$s from old_facts except select %1$s from new_facts)',
      columns)
    end;
begin
  execute format(
    'insert into rollup_days (client_id, day)
     select distinct f.client_id, (f.first_contact_at at time zone c.time_zone)::date
     from (%s) f join clients c on c.id = f.client_id
     where f.first_contact_at is not null
     order by 1, 2
     on conflict (client_id, day) do update set facts_version = rollup_days.facts_version + 1', source);
  return null;
end $$;

do $$
declare
  marked record;
begin
  for marked in select * from (values
    ('bookings', 'mark_dirty_span_days'), ('provider_availability', 'mark_dirty_span_days'), ('customers', 'mark_first_contact_days')
  ) as tables (name, marker)
  loop
    execute format('drop trigger if exists %I on %I', marked.name || '_insert', marked.name);
    execute format('drop trigger if exists %I on %I', marked.name || '_update', marked.name);
    execute format('drop trigger if exists %I on %I', marked.name || '_delete', marked.name);
    execute format('create trigger %I after insert on %I referencing new table as new_facts
      for each statement execute function %I()', marked.name || '_insert', marked.name, marked.marker);
    execute format('create trigger %I after update on %I referencing old table as old_facts new table as new_facts
      for each statement execute function %I()', marked.name || '_update', marked.name, marked.marker);
    execute format('create trigger %I after delete on %I referencing old table as old_facts
      for each statement execute function %I()', marked.name || '_delete', marked.name, marked.marker);
  end loop;
end $$;

create index customers_first_contact_at on customers (client_id, first_contact_at) where first_contact_at is not null;
