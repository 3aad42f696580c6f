-- Marks the days of the rows in new_facts (and old_facts). Arguments: the names of the time columns; a row without a
-- time marks no day.
create or replace function mark_dirty_days() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  source text := case tg_op when 'INSERT' then 'select * from new_facts' when 'DELETE' then 'select * from old_facts'
    else 'select * from new_facts union all select * from old_facts' end;
  moments text := (select string_agg(format('select f.client_id, f.%I as at from (%s) f', name, source), ' union all ') from unnest(tg_argv) as name);
begin
  execute format('select hold_time_zones(array(select distinct client_id from (%s) f))', source);
  -- Distinct quarters of an hour first: many facts share one, and the zone conversion is the dear part. Zones begin
  -- days at half and quarter hours too.
  execute format(
    'insert into rollup_days (client_id, day)
     select distinct h.client_id, (h.quarter_at at time zone c.time_zone)::date
     from (
       select distinct client_id, date_bin(''15 minutes'', at, timestamptz ''2000-01-01Z'') as quarter_at from (%s) f where at is not null
     ) h
     join clients c on c.id = h.client_id
     order by 1, 2
     on conflict (client_id, day) do update set facts_version = rollup_days.facts_version + 1', moments);
  return null;
end $$;
