-- A client's rows are out of reach of another client in the database itself. Connections that work for one client take the role
-- daybreak_client and name it in daybreak.client_id; a connection that names none sees nothing.

do $$ begin
  if not exists (select from pg_roles where rolname = 'daybreak_client') then
    create role daybreak_client nologin;
  end if;
end $$;
do $$ begin
  if not pg_has_role(current_user, 'daybreak_client', 'member') then grant daybreak_client to current_user; end if;
end $$;
grant usage on schema public to daybreak_client;

-- Puts one table under the rule, and gives the role its rights on it.
create function secure_tenant_table(table_name regclass, key_column text default 'client_id') returns void
language plpgsql as $$
begin
  execute format('alter table %s enable row level security', table_name);
  execute format('create policy tenant on %s using (%I = current_setting(''daybreak.client_id'', true))', table_name, key_column);
  execute format('grant select, insert, update, delete on %s to daybreak_client', table_name);
end $$;

select secure_tenant_table('clients', 'id');
revoke insert, delete on clients from daybreak_client;
select secure_tenant_table(t::regclass) from unnest(array[
  'sectors', 'agents', 'customers', 'interactions', 'customer_satisfaction', 'payments',
  'rollup_days', 'agent_metrics', 'revenue_metrics', 'customer_metrics', 'customer_tiers', 'forecasts', 'forecast_days',
  'report_subscriptions', 'executions', 'execution_files', 'deliveries', 'unsubscribes', 'download_links',
  'schedules', 'runs'
]) as t;

-- What hangs on a run is reached through the run.
alter table run_dependencies enable row level security;
create policy tenant on run_dependencies using (exists (select from runs r where r.id = run_id));
alter table run_attempts enable row level security;
create policy tenant on run_attempts using (exists (select from runs r where r.id = run_id));
alter table run_logs enable row level security;
create policy tenant on run_logs using (exists (select from runs r where r.id = run_id));
grant select, insert, update, delete on run_dependencies, run_attempts, run_logs to daybreak_client;
grant execute on function ensure_fact_partitions(date, date) to daybreak_client;
