-- A client's rows are out of reach of another client in the database itself. Connections that work for one client sign
-- in as a member of daybreak_client and name the client in daybreak.client_id (current-client.sql); a connection that
-- names none sees nothing. Tables declared with declare_fact_table have it already.

select secure_tenant_table('clients', 'id');
revoke insert, delete on clients from daybreak_client;
select secure_tenant_table(t::regclass) from unnest(array[
  'sectors', 'agents', 'customers', 'campaigns', 'subscriptions',
  'rollup_days', 'agent_metrics', 'revenue_metrics', 'customer_metrics', 'daily_metrics', 'performance_trends', 'metric_histograms',
  'quarantined_facts', 'repeated_contacts', 'rollup_periods', 'agent_periods', 'histogram_periods',
  'customer_tiers', 'forecasts', 'forecast_days', 'goals', 'metric_thresholds',
  'schedules', 'backfills', 'runs', 'alerts', 'imports', 'erasures',
  'schedule_recipients', 'executions', 'execution_files', 'deliveries', 'download_links', 'prepared_journeys'
]) as t;

-- What hangs on a run or an alert is reached through it.
select secure_dependent_table('run_dependencies', 'exists (select from runs r where r.id = run_id)');
select secure_dependent_table('run_attempts', 'exists (select from runs r where r.id = run_id)');
select secure_dependent_table('run_logs', 'exists (select from runs r where r.id = run_id)');
select secure_dependent_table('alert_notices', 'exists (select from alerts a where a.id = alert_id)');

-- The ledger's own statements run by the hundred each second, for all clients at once.
alter policy owner on runs using (true);
alter policy owner on schedules using (true);
alter policy owner on alerts using (true);

-- Their keys are unique over all clients: nobody takes another's, or learns by trying that it is taken.
alter policy tenant on runs with check (
  client_id = (select current_client()) and (key = client_id or starts_with(key, client_id || '.')));
alter policy tenant on schedules with check (
  client_id = (select current_client()) and (id = job || '.' || client_id or starts_with(id, 'report.' || client_id || '.')));
revoke insert, delete on schedules, alerts, alert_notices, backfills from daybreak_client;
