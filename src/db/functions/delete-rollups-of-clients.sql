-- Roll-ups have no foreign key to their client (0003_rollups.sql): they go with it by this.
create or replace function delete_rollups_of_clients() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  name text;
begin
  foreach name in array array[
    'agent_metrics', 'revenue_metrics', 'customer_metrics', 'daily_metrics', 'performance_trends', 'metric_histograms',
    'quarantined_facts', 'repeated_contacts'
  ]
  loop
    execute format('delete from %I where client_id in (select id from gone)', name);
  end loop;
  return null;
end $$;

create or replace function delete_periods_of_clients() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  delete from rollup_periods where client_id in (select id from gone);
  delete from agent_periods where client_id in (select id from gone);
  delete from histogram_periods where client_id in (select id from gone);
  return null;
end $$;
