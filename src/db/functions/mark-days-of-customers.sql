-- A roll-up asks customers for their role and agents for their kind: whoever is known late, or is something else from
-- now on, has the days of their contacts and payments rolled up again. Else those days would tell of a role that nobody
-- has, and what later days take off them (who comes again was not resolved at first contact) would be taken off another
-- role.
--
-- Marks the days that customers count on, where they are known already: of their first contact, when one is added or
-- what that day counts by has changed; of their contacts and payments, when their role has. Those are told by
-- customer_metrics, one look a customer however many months there are, as long as there are facts left to roll up; and
-- any day that is not rolled up to its last fact is among them, for it may be rolled up this very moment. All in one
-- statement and one order, so that two that meet wait for each other.
--
-- A first contact marks its day only where the day is known already: a customer list that reaches back for years makes
-- no history, and whatever makes the day known later has it rolled up with all its first contacts.
create or replace function mark_days_of_customers() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp
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
