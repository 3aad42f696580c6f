-- A first contact marks its day only where the day is known already: a customer list that reaches back for years makes no history, and
-- whatever makes the day known later has it rolled up with all its first contacts.
create or replace function mark_first_contact_days() returns trigger language plpgsql security definer set search_path = public as $$
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
     select distinct r.client_id, r.day
     from (%s) f
     join clients c on c.id = f.client_id
     join rollup_days r on r.client_id = f.client_id and r.day = (f.first_contact_at at time zone c.time_zone)::date
     order by 1, 2
     on conflict (client_id, day) do update set facts_version = rollup_days.facts_version + 1', source);
  return null;
end $$;
