-- Roll-ups: additive components per client, local time bucket and dimension. '' stands for "no agent / sector / channel / country"
-- and for an unknown customer, so that every breakdown adds up to the same total. Money is in the client's own currency; only
-- revenue_metrics keeps other currencies, apart.

-- Which local days of a client hold facts, and whether the roll-up has seen all of them.
-- A day is dirty while facts_version > rolled_version. Facts raise facts_version in the transaction that writes them (triggers
-- below); a roll-up notes the version it starts from and stores that one, so a fact that commits meanwhile leaves the day dirty.
create table rollup_days (
  client_id text collate "C" not null references clients (id) on delete cascade,
  day date not null,
  facts_version bigint not null default 1,
  rolled_version bigint not null default 0,
  -- Data as of: the instant of the snapshot that the last roll-up read.
  rolled_at timestamptz,
  primary key (client_id, day)
);
create index rollup_days_dirty on rollup_days (client_id, day) where facts_version > rolled_version;

-- Marks the days of the rows in new_facts (and old_facts). Arguments: the name of the time column.
create function mark_dirty_days() returns trigger language plpgsql security definer set search_path = public as $$
declare
  source text := case tg_op when 'INSERT' then 'select * from new_facts' when 'DELETE' then 'select * from old_facts'
    else 'select * from new_facts union all select * from old_facts' end;
begin
  -- Distinct hours first: many facts share one, and the zone conversion is the dear part. Zones begin days at half and quarter hours too.
  execute format(
    'insert into rollup_days (client_id, day)
     select distinct h.client_id, (h.quarter_at at time zone c.time_zone)::date
     from (select distinct f.client_id, date_bin(''15 minutes'', f.%I, timestamptz ''2000-01-01Z'') as quarter_at from (%s) f) h
     join clients c on c.id = h.client_id
     order by 1, 2
     on conflict (client_id, day) do update set facts_version = rollup_days.facts_version + 1',
    tg_argv[0], source);
  return null;
end $$;

create trigger interactions_insert after insert on interactions
  referencing new table as new_facts for each statement execute function mark_dirty_days('started_at');
create trigger interactions_update after update on interactions
  referencing old table as old_facts new table as new_facts for each statement execute function mark_dirty_days('started_at');
create trigger interactions_delete after delete on interactions
  referencing old table as old_facts for each statement execute function mark_dirty_days('started_at');
create trigger customer_satisfaction_insert after insert on customer_satisfaction
  referencing new table as new_facts for each statement execute function mark_dirty_days('answered_at');
create trigger customer_satisfaction_update after update on customer_satisfaction
  referencing old table as old_facts new table as new_facts for each statement execute function mark_dirty_days('answered_at');
create trigger customer_satisfaction_delete after delete on customer_satisfaction
  referencing old table as old_facts for each statement execute function mark_dirty_days('answered_at');
create trigger payments_insert after insert on payments
  referencing new table as new_facts for each statement execute function mark_dirty_days('occurred_at');
create trigger payments_update after update on payments
  referencing old table as old_facts new table as new_facts for each statement execute function mark_dirty_days('occurred_at');
create trigger payments_delete after delete on payments
  referencing old table as old_facts for each statement execute function mark_dirty_days('occurred_at');

-- One row per client, local hour, agent, sector and channel. hour_at is the instant the local hour begins, so that the
-- repeated hour of a 25-hour day is two rows.
create table agent_metrics (
  client_id text collate "C" not null references clients (id) on delete cascade,
  day date not null,
  hour_at timestamptz not null,
  agent_id text collate "C" not null,
  sector_id text collate "C" not null,
  channel text collate "C" not null,
  offered integer not null default 0,
  answered integer not null default 0,
  abandoned integer not null default 0,
  short_abandoned integer not null default 0,
  missed integer not null default 0,
  answered_in_threshold integer not null default 0,
  wait_answered_s bigint not null default 0,
  talk_s bigint not null default 0,
  hold_s bigint not null default 0,
  wrap_s bigint not null default 0,
  resolved integer not null default 0,
  -- Resolved, and the same customer did not come back on the same topic within 7 days.
  resolved_first integer not null default 0,
  escalated integer not null default 0,
  automated integer not null default 0,
  csat_count integer not null default 0,
  csat_sum integer not null default 0,
  csat_satisfied integer not null default 0,
  nps_count integer not null default 0,
  nps_promoters integer not null default 0,
  nps_detractors integer not null default 0,
  orders integer not null default 0,
  refunds integer not null default 0,
  gross_minor bigint not null default 0,
  -- Zero or negative.
  refunded_minor bigint not null default 0,
  primary key (client_id, day, hour_at, agent_id, sector_id, channel)
);

-- One row per client, local day, currency and country.
create table revenue_metrics (
  client_id text collate "C" not null references clients (id) on delete cascade,
  day date not null,
  currency text collate "C" not null,
  country text collate "C" not null,
  orders integer not null default 0,
  refunds integer not null default 0,
  gross_minor bigint not null default 0,
  refunded_minor bigint not null default 0,
  primary key (client_id, day, currency, country)
);

-- One row per client, local day and customer: what tiers, lifetime value and "top customers" are made of.
create table customer_metrics (
  client_id text collate "C" not null references clients (id) on delete cascade,
  day date not null,
  customer_id text collate "C" not null,
  contacts integer not null default 0,
  orders integer not null default 0,
  refunds integer not null default 0,
  gross_minor bigint not null default 0,
  refunded_minor bigint not null default 0,
  primary key (client_id, day, customer_id)
);
create index customer_metrics_customer on customer_metrics (client_id, customer_id, day);

-- The behavioural tier of each customer, with its history: at most one open row (left_on is null) per customer.
create table customer_tiers (
  client_id text collate "C" not null references clients (id) on delete cascade,
  customer_id text collate "C" not null,
  tier text not null check (tier in ('high-value', 'regular', 'occasional', 'at-risk', 'new')),
  entered_on date not null,
  left_on date,
  primary key (client_id, customer_id, entered_on)
);
create unique index customer_tiers_open on customer_tiers (client_id, customer_id) where left_on is null;

-- One forecast of one series, made after the night of made_on, with the error it would have had in the past.
create table forecasts (
  client_id text collate "C" not null references clients (id) on delete cascade,
  metric text collate "C" not null,
  sector_id text collate "C" not null,
  made_on date not null,
  method text not null,
  history_days integer not null,
  -- Rolling backtest: mean absolute scaled error, and the share of actuals inside the intervals.
  backtest_mase double precision,
  backtest_coverage_80 double precision,
  backtest_coverage_95 double precision,
  primary key (client_id, metric, sector_id, made_on)
);

create table forecast_days (
  client_id text collate "C" not null,
  metric text collate "C" not null,
  sector_id text collate "C" not null,
  made_on date not null,
  day date not null,
  expected double precision not null,
  low_80 double precision not null,
  high_80 double precision not null,
  low_95 double precision not null,
  high_95 double precision not null,
  primary key (client_id, metric, sector_id, made_on, day),
  foreign key (client_id, metric, sector_id, made_on) references forecasts on delete cascade
);
