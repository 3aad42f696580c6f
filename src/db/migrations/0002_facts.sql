-- Facts: what a business did. The tables are a documented contract: a client's own pipeline may write them with plain SQL.
-- Every key begins with client_id, so that one client's day reads only its rows and the schema can be distributed by it.
-- The big three are partitioned by UTC month. A fact's identity is (client_id, id); its time is part of the key only because
-- PostgreSQL wants the partition key in it, so whoever moves a fact in time deletes the old row (ingest does).

create table sectors (
  client_id text collate "C" not null references clients (id) on delete cascade,
  id text collate "C" not null,
  name text not null,
  primary key (client_id, id)
);

create table agents (
  client_id text collate "C" not null references clients (id) on delete cascade,
  id text collate "C" not null,
  name text not null,
  kind text not null default 'person' check (kind in ('person', 'assistant')),
  sector_id text collate "C",
  primary key (client_id, id)
);

create table customers (
  client_id text collate "C" not null references clients (id) on delete cascade,
  id text collate "C" not null,
  name text,
  role text not null default 'client',
  country text,
  attributes jsonb not null default '{}',
  first_contact_at timestamptz,
  primary key (client_id, id)
);

create table interactions (
  client_id text collate "C" not null,
  id text collate "C" not null,
  started_at timestamptz not null,
  channel text not null default 'voice'
    check (channel in ('voice', 'whatsapp', 'instagram', 'messenger', 'web', 'sms', 'email')),
  status text not null check (status in ('answered', 'abandoned', 'missed')),
  agent_id text collate "C",
  sector_id text collate "C",
  customer_id text collate "C",
  topic text,
  -- null: not known, which only a contact that nobody answered may be; such an abandon is never a short one.
  wait_s integer default 0 check (wait_s >= 0), check (wait_s is not null or status <> 'answered'),
  talk_s integer not null default 0 check (talk_s >= 0),
  hold_s integer not null default 0 check (hold_s >= 0),
  wrap_s integer not null default 0 check (wrap_s >= 0),
  resolved boolean not null default false,
  escalated boolean not null default false,
  automated boolean not null default false,
  primary key (client_id, id, started_at)
) partition by range (started_at);
-- A day's roll-up reads by this one.
create index interactions_started_at on interactions (client_id, started_at);
-- First contact resolution looks for the same customer's next contact on the same topic.
create index interactions_customer on interactions (client_id, customer_id, started_at) where customer_id is not null;

create table customer_satisfaction (
  client_id text collate "C" not null,
  id text collate "C" not null,
  answered_at timestamptz not null,
  interaction_id text collate "C",
  customer_id text collate "C",
  agent_id text collate "C",
  sector_id text collate "C",
  channel text not null default 'voice',
  csat smallint check (csat between 1 and 5),
  nps smallint check (nps between 0 and 10),
  comment text,
  category text,
  primary key (client_id, id, answered_at)
) partition by range (answered_at);
create index customer_satisfaction_answered_at on customer_satisfaction (client_id, answered_at);

create table payments (
  client_id text collate "C" not null,
  id text collate "C" not null,
  occurred_at timestamptz not null,
  kind text not null check (kind in ('charge', 'refund', 'payout', 'fee')),
  -- Minor units, signed as the business sees it: money in is positive, money out (refund, payout, fee) is negative or zero.
  amount_minor bigint not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  customer_id text collate "C",
  agent_id text collate "C",
  sector_id text collate "C",
  channel text,
  country text,
  external_reference text,
  settled_at timestamptz,
  check (case kind when 'charge' then amount_minor >= 0 else amount_minor <= 0 end),
  primary key (client_id, id, occurred_at)
) partition by range (occurred_at);
create index payments_occurred_at on payments (client_id, occurred_at);

-- Nothing is refused for want of a month; ensure_fact_partitions moves what fell in here.
create table interactions_default partition of interactions default;
create table customer_satisfaction_default partition of customer_satisfaction default;
create table payments_default partition of payments default;

-- Makes the monthly partitions that [from_day, to_day] touches, of every fact table. Twice is the same as once.
create function ensure_fact_partitions(from_day date, to_day date) returns void
language plpgsql security definer set search_path = public as $$
declare
  fact record;
  month date;
  part text;
begin
  for fact in select * from (values
    ('interactions', 'started_at'), ('customer_satisfaction', 'answered_at'), ('payments', 'occurred_at')
  ) as facts (name, time_column)
  loop
    -- A day either side: a client's local month begins in another UTC month.
    for month in select generate_series(date_trunc('month', from_day - 1), to_day + 1, interval '1 month')::date
    loop
      part := format('%s_%s', fact.name, to_char(month, 'YYYY_MM'));
      continue when to_regclass(part) is not null;
      perform pg_advisory_xact_lock(hashtext('ensure_fact_partitions'));
      continue when to_regclass(part) is not null;
      execute format('create table %I (like %I including defaults including constraints)', part, fact.name);
      execute format(
        'with moved as (delete from %I where %I >= %L and %I < %L returning *) insert into %I select * from moved',
        fact.name || '_default', fact.time_column, month::timestamp at time zone 'UTC',
        fact.time_column, (month + interval '1 month')::timestamp at time zone 'UTC', part);
      execute format('alter table %I attach partition %I for values from (%L) to (%L)', fact.name, part,
        month::timestamp at time zone 'UTC', (month + interval '1 month')::timestamp at time zone 'UTC');
    end loop;
  end loop;
end $$;
