-- Work for one client signs in as a role of its own, one for each database, which is a member of daybreak_client and of nothing else
-- (src/db/client-login.ts makes it). What that role can do to leave its client is closed here.

-- The passwords of those roles and what proves a client's name. Roles are the server's: a copy of the database finds none of its name here.
create table client_logins (
  role text primary key,
  password text not null
);
create table client_proofs (
  is_only boolean primary key default true check (is_only),
  secret bytea not null
);
-- gen_random_uuid is the only strong source of randomness that every server has.
insert into client_proofs (secret) values (sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));

-- The client that this session works for, or null. The name stands in a setting, which SQL may change; so a session that signed in as a
-- client's role has to prove it by what only the program can work out: HMAC-like, bound to this one session. Whoever signed in as owner
-- needs no proof, and gets only that client's rows all the same.
create function current_client() returns text
language plpgsql stable parallel restricted security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  named text := nullif(current_setting('daybreak.client_id', true), '');
  proof text;
begin
  if named is null or session_user = current_user then return named; end if;
  select encode(sha256(secret || sha256(secret || convert_to(pg_backend_pid() || '.' || named, 'UTF8'))), 'hex') into proof from client_proofs;
  if current_setting('daybreak.client_proof', true) is distinct from proof then
    raise exception 'this session may not work for the client it names' using errcode = 'insufficient_privilege';
  end if;
  return named;
end $$;

-- Puts one table under the rule, the owner included, and gives the role its rights on it. The owner, for whom the ledger, retention and the
-- summaries work, sees every client's rows until it names one.
create or replace function secure_tenant_table(table_name regclass, key_column text default 'client_id') returns void
language plpgsql as $$
declare
  own text := format('%I = (select current_client())', key_column);
begin
  execute format('alter table %s enable row level security', table_name);
  execute format('alter table %s force row level security', table_name);
  execute format('drop policy if exists tenant on %s', table_name);
  execute format('create policy tenant on %s to daybreak_client using (%s)', table_name, own);
  execute format('create policy owner on %s to %I using ((select current_client()) is null or %s) with check (true)',
    table_name, current_user, own);
  execute format('grant select, insert, update, delete on %s to daybreak_client', table_name);
end $$;

-- A grant that a table had lost stays lost.
create temporary table held on commit drop as
  select c.oid::regclass as name, p.qual,
    array(select distinct g.privilege_type from information_schema.role_table_grants g
      where g.grantee = 'daybreak_client' and g.table_schema = 'public' and g.table_name = c.relname) as granted
  from pg_class c join pg_policies p on p.schemaname = 'public' and p.tablename = c.relname and p.policyname = 'tenant'
  where c.relnamespace = 'public'::regnamespace and c.relrowsecurity;

do $$
declare
  held record;
  lost text;
begin
  for held in select * from pg_temp.held where qual like '%current_setting%'
  loop
    perform secure_tenant_table(held.name, case held.name when 'clients'::regclass then 'id' else 'client_id' end);
    for lost in select unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) except select unnest(held.granted)
    loop
      execute format('revoke %s on %s from daybreak_client', lost, held.name);
    end loop;
  end loop;
  -- What hangs on a run or an alert is reached through it.
  for held in select * from pg_temp.held where qual not like '%current_setting%'
  loop
    execute format('alter table %s force row level security', held.name);
    execute format('alter policy tenant on %s to daybreak_client', held.name);
    execute format('create policy owner on %s to %I using (true)', held.name, current_user);
  end loop;
end $$;

-- The ledger's own statements run by the hundred each second, for all clients at once.
alter policy owner on runs using (true);
alter policy owner on schedules using (true);
alter policy owner on alerts using (true);

-- Their keys are unique over all clients: nobody takes another's, or learns by trying that it is taken.
alter policy tenant on runs with check (
  client_id = (select current_client()) and (key = client_id or starts_with(key, client_id || '.')));
alter policy tenant on schedules with check (
  client_id = (select current_client()) and (id = job || '.' || client_id or starts_with(id, 'subscription.' || client_id || '.')));
revoke insert, delete on schedules, alerts, alert_notices, backfills from daybreak_client;

create or replace view own_daily_performance with (security_barrier) as
  select * from daily_performance_summary where client_id = (select current_client());
create or replace view own_sector_performance with (security_barrier) as
  select * from sector_performance_summary where client_id = (select current_client());

-- Whoever may make temporary objects could put them in the way of a function that runs as owner, unless they are named last.
do $$
declare
  own record;
begin
  for own in select oid::regprocedure as name, prosecdef from pg_proc
    where pronamespace = 'public'::regnamespace and proowner = (select oid from pg_roles where rolname = current_user)
  loop
    if own.prosecdef then execute format('alter function %s set search_path = pg_catalog, public, pg_temp', own.name); end if;
    execute format('revoke execute on function %s from public', own.name);
  end loop;
end $$;
alter default privileges revoke execute on functions from public;
revoke create on schema public from public;
grant execute on function
  current_client(), histogram_bucket(double precision), period_stamp(text, date, date), first_days_of_customers(text, text),
  rename_in_json(jsonb, text, text, text, text),
  booking_fault(timestamptz, timestamptz), deal_fault(timestamptz, timestamptz), issue_fault(timestamptz, timestamptz),
  interaction_fault(timestamptz, timestamptz, timestamptz, integer, integer),
  request_fault(timestamptz, timestamptz, timestamptz), spend_fault(integer, integer)
to daybreak_client;

-- A client's own session may ask for the months of facts that there can be, not for all that a date can name: what lies beyond them is kept in
-- the default partition.
create or replace function ensure_fact_partitions(from_day date, to_day date, tables text[] default null) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  fact record;
  month date;
  part text;
begin
  if to_day - from_day > 3700 then raise exception 'partitions for more than ten years at once' using errcode = 'data_exception'; end if;
  for fact in select name, time_column from fact_tables where tables is null or name = any(tables) order by name
  loop
    -- A day either side: a client's local month begins in another UTC month.
    for month in select generate_series(
      date_trunc('month', greatest(from_day - 1, date '1970-01-01')), least(to_day + 1, current_date + 3660), interval '1 month')::date
    loop
      part := format('%s_%s', fact.name, to_char(month, 'YYYY_MM'));
      continue when to_regclass(part) is not null;
      perform pg_advisory_xact_lock(hashtext('ensure_fact_partitions'));
      continue when exists (select from pg_class where relname = part and relnamespace = 'public'::regnamespace);
      execute format('create table public.%I (like %I including defaults including constraints including generated)', part, fact.name);
      execute format(
        'with moved as (delete from %I where %I >= %L and %I < %L returning *) insert into %I select * from moved',
        fact.name || '_default', fact.time_column, month::timestamp at time zone 'UTC',
        fact.time_column, (month + interval '1 month')::timestamp at time zone 'UTC', part);
      execute format('alter table %I attach partition %I for values from (%L) to (%L)', fact.name, part,
        month::timestamp at time zone 'UTC', (month + interval '1 month')::timestamp at time zone 'UTC');
    end loop;
  end loop;
end $$;
