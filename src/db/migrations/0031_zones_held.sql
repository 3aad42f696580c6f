-- Who marks days by a client's time zone holds on to the zone until they commit; who changes it waits for them, and then sees their facts. Else
-- a fact written meanwhile would be marked by the old zone, after the change has looked for facts whose day is another now.
-- A lock of its own, and not one of the client's row: who shares a row lets nobody through who waits to change it, and writes to it each time.
-- One of 256, so that a load of many thousand clients at once does not run out of locks; in one order, so that two wait for each other.
create function hold_time_zones(of_clients text[]) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(hashtext('time-zone'), place)
  from (select distinct hashtext(name) & 255 as place from unnest(of_clients) as name order by 1) places;
end $$;

create or replace function mark_dirty_days() returns trigger language plpgsql security definer set search_path = public as $$
declare
  source text := case tg_op when 'INSERT' then 'select * from new_facts' when 'DELETE' then 'select * from old_facts'
    else 'select * from new_facts union all select * from old_facts' end;
  moments text := (select string_agg(format('select f.client_id, f.%I as at from (%s) f', name, source), ' union all ') from unnest(tg_argv) as name);
begin
  execute format('select hold_time_zones(array(select distinct client_id from (%s) f))', source);
  -- Distinct quarters of an hour first: many facts share one, and the zone conversion is the dear part. Zones begin days at half and
  -- quarter hours too.
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

create or replace function mark_dirty_subscription_days() returns trigger language plpgsql security definer set search_path = public as $$
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

create or replace function mark_dirty_span_days() returns trigger language plpgsql security definer set search_path = public as $$
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

create or replace function mark_day_after_status() returns trigger language plpgsql security definer set search_path = public as $$
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

create or replace function mark_days_of_customers() returns trigger language plpgsql security definer set search_path = public
set plan_cache_mode = force_generic_plan as $$
declare
  -- First contacts, then whose role is another.
  contact_clients text[];
  contacts timestamptz[];
  role_clients text[];
  role_ids text[];
begin
  if tg_op = 'INSERT' then
    select array_agg(client_id), array_agg(first_contact_at) into contact_clients, contacts from new_facts where first_contact_at is not null;
    select array_agg(client_id), array_agg(id) into role_clients, role_ids from new_facts;
  elsif tg_op = 'DELETE' then
    select array_agg(client_id), array_agg(first_contact_at) into contact_clients, contacts from old_facts where first_contact_at is not null;
    select array_agg(client_id), array_agg(id) into role_clients, role_ids from old_facts;
  else
    select array_agg(client_id), array_agg(first_contact_at) into contact_clients, contacts
    from (
      (select client_id, id, role, country, first_contact_at from new_facts except select client_id, id, role, country, first_contact_at from old_facts)
      union all
      (select client_id, id, role, country, first_contact_at from old_facts except select client_id, id, role, country, first_contact_at from new_facts)
    ) changed
    where first_contact_at is not null;
    select array_agg(client_id), array_agg(id) into role_clients, role_ids
    from (
      (select client_id, id, role from new_facts except select client_id, id, role from old_facts)
      union
      (select client_id, id, role from old_facts except select client_id, id, role from new_facts)
    ) changed;
  end if;
  if contacts is null and role_ids is null then
    return null;
  end if;
  perform hold_time_zones(contact_clients || role_clients);
  insert into rollup_days (client_id, day)
  select r.client_id, r.day
  from (
    select f.client_id, (f.at at time zone c.time_zone)::date as day
    from unnest(contact_clients, contacts) as f (client_id, at) join clients c on c.id = f.client_id
    union
    select m.client_id, m.day
    from (
      select distinct m.client_id, m.day
      from unnest(role_clients, role_ids) as f (client_id, id) join customer_metrics m on m.client_id = f.client_id and m.customer_id = f.id
    ) m
    join clients c on c.id = m.client_id
    cross join lateral (
      select m.day::timestamp at time zone c.time_zone as first_at, (m.day + 1)::timestamp at time zone c.time_zone as end_at
    ) t
    where exists (select from interactions i where i.client_id = m.client_id and i.started_at >= t.first_at and i.started_at < t.end_at)
      or exists (select from payments p where p.client_id = m.client_id and p.occurred_at >= t.first_at and p.occurred_at < t.end_at)
    union
    select r.client_id, r.day
    from rollup_days r join clients c on c.id = r.client_id
    where r.client_id = any(role_clients) and r.facts_version > r.rolled_version and r.day < (now() at time zone c.time_zone)::date
  ) d
  join rollup_days r using (client_id, day)
  order by 1, 2
  on conflict (client_id, day) do update set facts_version = rollup_days.facts_version + 1;
  return null;
end $$;

create or replace function mark_days_of_client() returns trigger language plpgsql security definer set search_path = public as $$
declare
  fact record;
begin
  if old.time_zone <> new.time_zone then
    -- First of all: who waits here must not hold days that those it waits for may want.
    perform pg_advisory_xact_lock(hashtext('time-zone'), hashtext(new.id) & 255);
  end if;
  update rollup_days set
    facts_version = facts_version + case when facts_version > 0 then 1 else 0 end,
    rolled_version = case when facts_version > 0 then rolled_version else -1 end
  where client_id = new.id;
  if old.time_zone = new.time_zone then
    return null;
  end if;
  for fact in
    select name, time_column from fact_tables
    union all values
      ('deals', 'closed_at'), ('service_requests', 'completed_at'), ('call_quality_issues', 'resolved_at'),
      ('subscriptions', 'starts_at'), ('subscriptions', 'ends_at'), ('customers', 'first_contact_at'),
      ('bookings', 'ends_at'), ('provider_availability', 'ends_at')
  loop
    execute format(
      'insert into rollup_days (client_id, day)
       select distinct $1, d.day
       from rollup_days r cross join lateral (values (r.day - 1), (r.day + 1)) as d (day)
       where r.client_id = $1
         and not exists (select from rollup_days k where k.client_id = $1 and k.day = d.day)
         and exists (
           select from %I f where f.client_id = $1
             and f.%I >= d.day::timestamp at time zone $2 and f.%I < (d.day + 1)::timestamp at time zone $2)
       order by 2
       on conflict (client_id, day) do nothing', fact.name, fact.time_column, fact.time_column)
    using new.id, new.time_zone;
  end loop;
  return null;
end $$;
