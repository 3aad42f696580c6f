-- Marks every day that a row of new_facts (and old_facts) touches in [starts_at, ends_at). What lasts longer than 366
-- days counts nowhere.
create or replace function mark_dirty_span_days() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  source text := case tg_op when 'INSERT' then 'select * from new_facts' when 'DELETE' then 'select * from old_facts'
    else 'select * from new_facts union all select * from old_facts' end;
begin
  execute format('select hold_time_zones(array(select distinct client_id from (%s) f))', source);
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
