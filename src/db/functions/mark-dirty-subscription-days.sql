-- A customer's run rate on one day says what a change of another day is called (new, expansion), so every day on which
-- a row of a touched customer begins or ends is marked.
create or replace function mark_dirty_subscription_days() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  source text := case tg_op when 'INSERT' then 'select * from new_facts' when 'DELETE' then 'select * from old_facts'
    else 'select * from new_facts union all select * from old_facts' end;
begin
  execute format('select hold_time_zones(array(select distinct client_id from (%s) f))', source);
  execute format(
    'with touched as (%s)
     insert into rollup_days (client_id, day)
     select distinct s.client_id, (at at time zone c.time_zone)::date
     from (
       select client_id, starts_at, ends_at from touched
       union all
       select s.client_id, s.starts_at, s.ends_at from subscriptions s
       where (s.client_id, s.customer_id) in (select client_id, customer_id from touched)
     ) s join clients c on c.id = s.client_id, unnest(array[s.starts_at, s.ends_at]) as at
     where at is not null
     order by 1, 2
     on conflict (client_id, day) do update set facts_version = rollup_days.facts_version + 1', source);
  return null;
end $$;
