-- Marks the days of agents who become assistants, or are none any more, where they are known already: a roll-up asks
-- agents for their kind. Their days are those of daily_metrics; a day that is not rolled up to its last fact is among
-- them, for it may be rolled up this very moment.
create or replace function mark_days_of_agents() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  agent_clients text[];
  agent_ids text[];
begin
  if tg_op = 'INSERT' then
    select array_agg(client_id), array_agg(id) into agent_clients, agent_ids from new_facts where kind = 'assistant';
  elsif tg_op = 'DELETE' then
    select array_agg(client_id), array_agg(id) into agent_clients, agent_ids from old_facts where kind = 'assistant';
  else
    select array_agg(client_id), array_agg(id) into agent_clients, agent_ids
    from (
      (select client_id, id, kind from new_facts except select client_id, id, kind from old_facts)
      union
      (select client_id, id, kind from old_facts except select client_id, id, kind from new_facts)
    ) changed
    where kind = 'assistant';
  end if;
  if agent_ids is null then
    return null;
  end if;
  insert into rollup_days (client_id, day)
  select d.client_id, d.day
  from (
    select m.client_id, m.day from daily_metrics m
    where m.dimension = 'agent' and (m.client_id, m.member) in (select * from unnest(agent_clients, agent_ids))
    union
    select r.client_id, r.day from rollup_days r where r.facts_version > r.rolled_version and r.client_id = any(agent_clients)
  ) d
  join rollup_days r using (client_id, day)
  order by 1, 2
  on conflict (client_id, day) do update set facts_version = rollup_days.facts_version + 1;
  return null;
end $$;
