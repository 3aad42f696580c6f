-- Every fact there is. What 0002 began with three tables is finished here: the same identity (client_id, id), the same partitions by UTC
-- month, the same marking of dirty days and the same row-level security, each declared by one line (declare_fact_table).

-- The partitioned tables of facts: what makes their partitions, drops them and erases a customer reads them here.
create table fact_tables (
  name text primary key,
  -- What a fact is partitioned by.
  time_column text not null,
  -- Raw events are many and soon only of statistical interest: EVENTS_TTL_DAYS drops them, FACTS_TTL_DAYS the others.
  is_event boolean not null,
  -- The books: never dropped by age.
  is_book boolean not null default false,
  -- A column that names a customer; null: it knows none.
  customer_column text
);
grant select on fact_tables to daybreak_client;
insert into fact_tables (name, time_column, is_event, is_book, customer_column) values
  ('interactions', 'started_at', false, false, 'customer_id'),
  ('customer_satisfaction', 'answered_at', false, false, 'customer_id'),
  ('payments', 'occurred_at', false, true, 'customer_id');

alter table agents
  -- What one hour of the agent costs, for reports on cost; null: not known.
  add column hourly_cost_minor bigint check (hourly_cost_minor >= 0);

alter table customers add column erased_at timestamptz;

alter table interactions
  add column answered_at timestamptz,
  add column ended_at timestamptz,
  -- The contact that this one repeats, where the client's own system says so.
  add column repeat_of text collate "C",
  add column sentiment real check (sentiment between -1 and 1),
  add column intents text[] not null default '{}',
  add column messages_in integer not null default 0 check (messages_in >= 0),
  add column messages_out integer not null default 0 check (messages_out >= 0),
  add column conversion_type text,
  -- Minor units of the client's currency.
  add column conversion_value_minor bigint check (conversion_value_minor >= 0),
  add column campaign_id text collate "C",
  add column location text,
  add column tags text[] not null default '{}',
  add column follow_up_at timestamptz;

alter table customer_satisfaction
  add column sentiment real check (sentiment between -1 and 1),
  add column would_recommend boolean,
  add column campaign_id text collate "C";

alter table payments
  add column campaign_id text collate "C",
  add column provider_id text collate "C",
  add column service text;

create table campaigns (
  client_id text collate "C" not null references clients (id) on delete cascade,
  id text collate "C" not null,
  name text not null,
  channel text,
  starts_on date,
  ends_on date check (ends_on >= starts_on),
  budget_minor bigint check (budget_minor >= 0),
  currency text check (currency ~ '^[A-Z]{3}$'),
  primary key (client_id, id)
);

-- One row per period in which a customer pays the same for the same: a change of plan ends one row and begins another. The run rate at an
-- instant is the sum of mrr_minor over the rows that hold it in [starts_at, ends_at).
create table subscriptions (
  client_id text collate "C" not null references clients (id) on delete cascade,
  id text collate "C" not null,
  customer_id text collate "C" not null,
  plan text,
  starts_at timestamptz not null,
  -- null: until further notice.
  ends_at timestamptz check (ends_at >= starts_at),
  -- Per billing interval of so many months, in minor units.
  amount_minor bigint not null check (amount_minor >= 0),
  interval_months integer not null default 1 check (interval_months between 1 and 120),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  -- Rounded to the minor unit once, here, so that every sum of run rates adds up to the cent.
  mrr_minor bigint generated always as (round(amount_minor::numeric / interval_months)) stored,
  primary key (client_id, id)
);
create index subscriptions_customer on subscriptions (client_id, customer_id, starts_at);
create index subscriptions_starts_at on subscriptions (client_id, starts_at);
create index subscriptions_ends_at on subscriptions (client_id, ends_at) where ends_at is not null;

create table call_quality_scores (
  client_id text collate "C" not null,
  id text collate "C" not null,
  reviewed_at timestamptz not null,
  interaction_id text collate "C",
  agent_id text collate "C",
  sector_id text collate "C",
  channel text not null default 'voice',
  reviewer text,
  professionalism smallint check (professionalism between 1 and 5),
  empathy smallint check (empathy between 1 and 5),
  resolution smallint check (resolution between 1 and 5),
  clarity smallint check (clarity between 1 and 5),
  responsiveness smallint check (responsiveness between 1 and 5),
  overall numeric(5, 2) not null check (overall between 0 and 100),
  -- Percent of the call that was understandable, and how loud the surroundings were (0 none, 100 unbearable).
  audio_clarity numeric(5, 2) check (audio_clarity between 0 and 100),
  background_noise numeric(5, 2) check (background_noise between 0 and 100),
  comment text,
  primary key (client_id, id, reviewed_at)
) partition by range (reviewed_at);

create table call_quality_issues (
  client_id text collate "C" not null,
  id text collate "C" not null,
  noted_at timestamptz not null,
  score_id text collate "C",
  interaction_id text collate "C",
  agent_id text collate "C",
  sector_id text collate "C",
  channel text not null default 'voice',
  category text not null check (category in ('compliance', 'tone', 'procedure', 'documentation')),
  severity text not null check (severity in ('critical', 'major', 'minor')),
  status text not null default 'open' check (status in ('open', 'in-progress', 'resolved')),
  resolved_at timestamptz,
  description text,
  primary key (client_id, id, noted_at)
) partition by range (noted_at);

create table leads (
  client_id text collate "C" not null,
  id text collate "C" not null,
  created_at timestamptz not null,
  customer_id text collate "C",
  agent_id text collate "C",
  sector_id text collate "C",
  campaign_id text collate "C",
  channel text,
  source text,
  location text,
  stage text not null default 'new',
  value_minor bigint check (value_minor >= 0),
  currency text check (currency ~ '^[A-Z]{3}$'),
  primary key (client_id, id, created_at)
) partition by range (created_at);

create table lead_stage_changes (
  client_id text collate "C" not null,
  id text collate "C" not null,
  changed_at timestamptz not null,
  lead_id text collate "C" not null,
  from_stage text,
  to_stage text not null,
  customer_id text collate "C",
  agent_id text collate "C",
  primary key (client_id, id, changed_at)
) partition by range (changed_at);

-- Counted as opened on the day of opened_at, as won or lost on the day of closed_at.
create table deals (
  client_id text collate "C" not null,
  id text collate "C" not null,
  opened_at timestamptz not null,
  closed_at timestamptz,
  state text not null default 'open' check (state in ('open', 'won', 'lost')),
  check ((state = 'open') = (closed_at is null)),
  amount_minor bigint not null check (amount_minor >= 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  lead_id text collate "C",
  customer_id text collate "C",
  agent_id text collate "C",
  sector_id text collate "C",
  campaign_id text collate "C",
  channel text,
  primary key (client_id, id, opened_at)
) partition by range (opened_at);

create table campaign_spend (
  client_id text collate "C" not null,
  id text collate "C" not null,
  spent_at timestamptz not null,
  campaign_id text collate "C" not null,
  channel text,
  amount_minor bigint not null default 0 check (amount_minor >= 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  impressions bigint not null default 0 check (impressions >= 0),
  clicks bigint not null default 0 check (clicks >= 0),
  -- Messages or calls that went out, and how many of those reached answered.
  contacted integer not null default 0 check (contacted >= 0),
  responded integer not null default 0 check (responded >= 0),
  primary key (client_id, id, spent_at)
) partition by range (spent_at);

create table touchpoints (
  client_id text collate "C" not null,
  id text collate "C" not null,
  touched_at timestamptz not null,
  customer_id text collate "C" not null,
  campaign_id text collate "C",
  channel text,
  -- What it was: ad, mail, visit, call.
  kind text not null,
  source text,
  primary key (client_id, id, touched_at)
) partition by range (touched_at);

create table service_requests (
  client_id text collate "C" not null,
  id text collate "C" not null,
  requested_at timestamptz not null,
  accepted_at timestamptz,
  completed_at timestamptz,
  state text not null default 'requested' check (state in ('requested', 'accepted', 'completed', 'cancelled')),
  service text not null,
  customer_id text collate "C",
  provider_id text collate "C",
  agent_id text collate "C",
  sector_id text collate "C",
  campaign_id text collate "C",
  channel text,
  location text,
  value_minor bigint check (value_minor >= 0),
  currency text check (currency ~ '^[A-Z]{3}$'),
  primary key (client_id, id, requested_at)
) partition by range (requested_at);

create table bookings (
  client_id text collate "C" not null,
  id text collate "C" not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  booked_at timestamptz,
  state text not null default 'scheduled' check (state in ('scheduled', 'completed', 'no-show', 'cancelled', 'moved')),
  -- When it was called off; in time is before cancel_hours (of the client) ahead of its beginning.
  cancelled_at timestamptz,
  service text,
  customer_id text collate "C",
  provider_id text collate "C",
  agent_id text collate "C",
  sector_id text collate "C",
  channel text,
  location text,
  value_minor bigint check (value_minor >= 0),
  currency text check (currency ~ '^[A-Z]{3}$'),
  primary key (client_id, id, starts_at)
) partition by range (starts_at);

create table provider_availability (
  client_id text collate "C" not null,
  id text collate "C" not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  provider_id text collate "C" not null,
  primary key (client_id, id, starts_at)
) partition by range (starts_at);

create table cost_analysis (
  client_id text collate "C" not null,
  id text collate "C" not null,
  incurred_at timestamptz not null,
  category text not null check (category in ('labour', 'technology', 'infrastructure', 'training')),
  amount_minor bigint not null check (amount_minor >= 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  agent_id text collate "C",
  sector_id text collate "C",
  channel text,
  campaign_id text collate "C",
  description text,
  primary key (client_id, id, incurred_at)
) partition by range (incurred_at);

create table analytics_events (
  client_id text collate "C" not null,
  id text collate "C" not null,
  occurred_at timestamptz not null,
  name text collate "C" not null,
  customer_id text collate "C",
  session_id text collate "C",
  agent_id text collate "C",
  channel text,
  campaign_id text collate "C",
  properties jsonb not null default '{}',
  primary key (client_id, id, occurred_at)
) partition by range (occurred_at);

-- What an agent does from changed_at until their next change.
create table agent_status_changes (
  client_id text collate "C" not null,
  id text collate "C" not null,
  changed_at timestamptz not null,
  agent_id text collate "C" not null,
  sector_id text collate "C",
  -- Every one but offline is paid time.
  status text not null check (status in ('available', 'handling', 'break', 'training', 'offline')),
  primary key (client_id, id, changed_at)
) partition by range (changed_at);

create table queue_snapshots (
  client_id text collate "C" not null,
  id text collate "C" not null,
  taken_at timestamptz not null,
  sector_id text collate "C",
  channel text not null default 'voice',
  waiting integer not null check (waiting >= 0),
  longest_wait_s integer check (longest_wait_s >= 0),
  agents_available integer check (agents_available >= 0),
  agents_handling integer check (agents_handling >= 0),
  primary key (client_id, id, taken_at)
) partition by range (taken_at);

alter table clients
  -- A booking called off at least this long before it begins was called off in time.
  add column cancel_hours integer not null default 24 check (cancel_hours >= 0);

-- Marks the days of the rows in new_facts (and old_facts). Arguments: the names of the time columns; a row without a time marks no day.
create or replace function mark_dirty_days() returns trigger language plpgsql security definer set search_path = public as $$
declare
  source text := case tg_op when 'INSERT' then 'select * from new_facts' when 'DELETE' then 'select * from old_facts'
    else 'select * from new_facts union all select * from old_facts' end;
  moments text := (select string_agg(format('select f.client_id, f.%I as at from (%s) f', name, source), ' union all ') from unnest(tg_argv) as name);
begin
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

-- Gives a table the triggers that mark the days its rows fall on, by any of the time columns.
create function mark_days_of(table_name text, variadic time_columns text[]) returns void language plpgsql as $$
declare
  arguments text := (select string_agg(quote_literal(name), ', ') from unnest(time_columns) as name);
begin
  execute format('create trigger %I after insert on %I referencing new table as new_facts
    for each statement execute function mark_dirty_days(%s)', table_name || '_insert', table_name, arguments);
  execute format('create trigger %I after update on %I referencing old table as old_facts new table as new_facts
    for each statement execute function mark_dirty_days(%s)', table_name || '_update', table_name, arguments);
  execute format('create trigger %I after delete on %I referencing old table as old_facts
    for each statement execute function mark_dirty_days(%s)', table_name || '_delete', table_name, arguments);
end $$;

-- Makes a partitioned table one of facts: its default partition, the index a day's roll-up reads by, row-level security, and the marking
-- of its days, by other_times too.
create function declare_fact_table(
  table_name text, time_column text, is_event boolean, customer_column text, variadic other_times text[]
) returns void language plpgsql as $$
begin
  insert into fact_tables (name, time_column, is_event, customer_column) values (table_name, time_column, is_event, customer_column);
  execute format('create table %I partition of %I default', table_name || '_default', table_name);
  execute format('create index %I on %I (client_id, %I)', table_name || '_' || time_column, table_name, time_column);
  perform secure_tenant_table(table_name::regclass);
  perform mark_days_of(table_name, variadic array[time_column] || other_times);
end $$;

select declare_fact_table('call_quality_scores', 'reviewed_at', false, null, variadic '{}');
select declare_fact_table('call_quality_issues', 'noted_at', false, null, variadic '{resolved_at}');
select declare_fact_table('leads', 'created_at', false, 'customer_id', variadic '{}');
select declare_fact_table('lead_stage_changes', 'changed_at', false, 'customer_id', variadic '{}');
select declare_fact_table('deals', 'opened_at', false, 'customer_id', variadic '{closed_at}');
select declare_fact_table('campaign_spend', 'spent_at', false, null, variadic '{}');
select declare_fact_table('touchpoints', 'touched_at', true, 'customer_id', variadic '{}');
select declare_fact_table('service_requests', 'requested_at', false, 'customer_id', variadic '{completed_at}');
select declare_fact_table('bookings', 'starts_at', false, 'customer_id', variadic '{}');
select declare_fact_table('provider_availability', 'starts_at', false, null, variadic '{}');
select declare_fact_table('cost_analysis', 'incurred_at', false, null, variadic '{}');
select declare_fact_table('analytics_events', 'occurred_at', true, 'customer_id', variadic '{}');
select declare_fact_table('agent_status_changes', 'changed_at', true, null, variadic '{}');
select declare_fact_table('queue_snapshots', 'taken_at', true, null, variadic '{}');

create index deals_closed_at on deals (client_id, closed_at) where closed_at is not null;
create index service_requests_completed_at on service_requests (client_id, completed_at) where completed_at is not null;
create index lead_stage_changes_lead on lead_stage_changes (client_id, lead_id, changed_at);
create index touchpoints_customer on touchpoints (client_id, customer_id, touched_at);
create index analytics_events_customer on analytics_events (client_id, customer_id, occurred_at) where customer_id is not null;
create index agent_status_changes_agent on agent_status_changes (client_id, agent_id, changed_at);
create index payments_customer on payments (client_id, customer_id, occurred_at) where customer_id is not null;

select secure_tenant_table('campaigns');
select secure_tenant_table('subscriptions');

-- A customer's run rate on one day says what a change of another day is called (new, expansion), so every day on which a row of a touched
-- customer begins or ends is marked.
create function mark_dirty_subscription_days() returns trigger language plpgsql security definer set search_path = public as $$
declare
  source text := case tg_op when 'INSERT' then 'select * from new_facts' when 'DELETE' then 'select * from old_facts'
    else 'select * from new_facts union all select * from old_facts' end;
begin
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
create trigger subscriptions_insert after insert on subscriptions
  referencing new table as new_facts for each statement execute function mark_dirty_subscription_days();
create trigger subscriptions_update after update on subscriptions
  referencing old table as old_facts new table as new_facts for each statement execute function mark_dirty_subscription_days();
create trigger subscriptions_delete after delete on subscriptions
  referencing old table as old_facts for each statement execute function mark_dirty_subscription_days();

-- Makes the monthly partitions that [from_day, to_day] touches, of every fact table or of those named. Twice is the same as once.
drop function ensure_fact_partitions(date, date);
create function ensure_fact_partitions(from_day date, to_day date, tables text[] default null) returns void
language plpgsql security definer set search_path = public as $$
declare
  fact record;
  month date;
  part text;
begin
  for fact in select name, time_column from fact_tables where tables is null or name = any(tables) order by name
  loop
    -- A day either side: a client's local month begins in another UTC month.
    for month in select generate_series(date_trunc('month', from_day - 1), to_day + 1, interval '1 month')::date
    loop
      part := format('%s_%s', fact.name, to_char(month, 'YYYY_MM'));
      continue when to_regclass(part) is not null;
      perform pg_advisory_xact_lock(hashtext('ensure_fact_partitions'));
      continue when to_regclass(part) is not null;
      execute format('create table %I (like %I including defaults including constraints including generated)', part, fact.name);
      execute format(
        'with moved as (delete from %I where %I >= %L and %I < %L returning *) insert into %I select * from moved',
        fact.name || '_default', fact.time_column, month::timestamp at time zone 'UTC',
        fact.time_column, (month + interval '1 month')::timestamp at time zone 'UTC', part);
      execute format('alter table %I attach partition %I for values from (%L) to (%L)', fact.name, part,
        month::timestamp at time zone 'UTC', (month + interval '1 month')::timestamp at time zone 'UTC');
    end loop;
  end loop;
end $$;
grant execute on function ensure_fact_partitions(date, date, text[]) to daybreak_client;
