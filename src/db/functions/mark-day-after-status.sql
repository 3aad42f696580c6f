-- A status holds until the agent's next, for up to 24 hours: a late one changes every local day after its own that they
-- reach into, which are two where a day has 23 hours. Only where the day is known; one that is rolled up for the first
-- time at this moment is known, and waits.
create or replace function mark_day_after_status() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  source text := case tg_op when 'INSERT' then 'select * from new_facts' when 'DELETE' then 'select * from old_facts'
    else 'select * from new_facts union all select * from old_facts' end;
begin
  execute format('select hold_time_zones(array(select distinct client_id from (%s) f))', source);
  execute format(
    'insert into rollup_days (client_id, day)
     select distinct r.client_id, r.day
     from (
       select distinct
         q.client_id, (q.at at time zone c.time_zone)::date as first_day,
         ((q.at + interval ''24 hours'') at time zone c.time_zone)::date as last_day
       from (
         select distinct client_id, date_bin(''15 minutes'', changed_at, timestamptz ''2000-01-01Z'') as at from (%s) f
       ) q
       join clients c on c.id = q.client_id
     ) s
     join rollup_days r on r.client_id = s.client_id and r.day > s.first_day and r.day <= s.last_day
     order by 1, 2
     on conflict (client_id, day) do update set facts_version = rollup_days.facts_version + 1', source);
  return null;
end $$;
