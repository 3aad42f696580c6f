-- Puts one table under the rule, the owner included, and gives the role its rights on it. The owner, for whom the
-- ledger, retention and the summaries work, sees every client's rows until it names one.
create or replace function secure_tenant_table(table_name regclass, key_column text default 'client_id') returns void
language plpgsql as $$
declare
  own text := format('%I = (select current_client())', key_column);
begin
  execute format('alter table %s enable row level security', table_name);
  execute format('alter table %s force row level security', table_name);
  execute format('create policy tenant on %s to daybreak_client using (%s)', table_name, own);
  execute format('create policy owner on %s to %I using ((select current_client()) is null or %s) with check (true)',
    table_name, current_user, own);
  execute format('grant select, insert, update, delete on %s to daybreak_client', table_name);
end $$;

-- The same for a table without a client of its own, which is reached through what it hangs on: `reached` says whether a
-- row is.
create or replace function secure_dependent_table(table_name regclass, reached text) returns void
language plpgsql as $$
begin
  execute format('alter table %s enable row level security', table_name);
  execute format('alter table %s force row level security', table_name);
  execute format('create policy tenant on %s to daybreak_client using (%s)', table_name, reached);
  execute format('create policy owner on %s to %I using (true)', table_name, current_user);
  execute format('grant select, insert, update, delete on %s to daybreak_client', table_name);
end $$;
