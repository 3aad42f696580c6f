-- Facts: what a business did. The tables are a documented contract: a client's own pipeline may write them with plain
-- SQL. Every key begins with client_id, so that one client's day reads only its rows and the schema can be distributed
-- by it. All but the lists of people, places and plans are partitioned by UTC month. A fact's identity is (client_id,
-- id); its time is part of the key only because PostgreSQL wants the partition key in it, so whoever moves a fact in
-- time deletes the old row (ingest does). One line each (declare_fact_table) gives a table its partitions, its
-- row-level security and the marking of its days.

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
  -- What one hour of the agent costs, for reports on cost; null: not known.
  hourly_cost_minor bigint check (hourly_cost_minor >= 0),
  primary key (client_id, id)
);

-- An agent who becomes an assistant, or is none any more, changes days that are rolled up (mark-days-of-agents.sql).
create trigger agents_insert after insert on agents referencing new table as new_facts
  for each statement execute function mark_days_of_agents();
create trigger agents_update after update on agents referencing old table as old_facts new table as new_facts
  for each statement execute function mark_days_of_agents();
create trigger agents_delete after delete on agents referencing old table as old_facts
  for each statement execute function mark_days_of_agents();

create table customers (
  client_id text collate "C" not null references clients (id) on delete cascade,
  id text collate "C" not null,
  name text,
  role text not null default 'client',
  country text,
  attributes jsonb not null default '{}',
  first_contact_at timestamptz,
  erased_at timestamptz,
  primary key (client_id, id)
);

create index customers_first_contact_at on customers (client_id, first_contact_at) where first_contact_at is not null;
select mark_days_of('customers', 'mark_days_of_customers');

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

-- One row per period in which a customer pays the same for the same: a change of plan ends one row and begins another.
-- The run rate at an instant is the sum of mrr_minor over the rows that hold it in [starts_at, ends_at).
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
select mark_days_of('subscriptions', 'mark_dirty_subscription_days');

create table interactions (
  client_id text collate "C" not null,
  id text collate "C" not null,
  started_at timestamptz not null,
  answered_at timestamptz,
  ended_at timestamptz,
  channel text not null default 'voice'
    check (channel in ('voice', 'whatsapp', 'instagram', 'messenger', 'web', 'sms', 'email')),
  status text not null check (status in ('answered', 'abandoned', 'missed')),
  agent_id text collate "C",
  sector_id text collate "C",
  customer_id text collate "C",
  topic text,
  -- The contact that this one repeats, where the client's own system says so.
  repeat_of text collate "C",
  intents text[] not null default '{}',
  -- null: not known, which only a contact that nobody answered may be; such an abandon is never a short one. No
  -- default: a wait that nobody says is not known, and with a default of 0 every contact whose wait a load left out
  -- would be answered at once.
  wait_s integer check (wait_s >= 0), check (wait_s is not null or status <> 'answered'),
  talk_s integer not null default 0 check (talk_s >= 0),
  hold_s integer not null default 0 check (hold_s >= 0),
  wrap_s integer not null default 0 check (wrap_s >= 0),
  messages_in integer not null default 0 check (messages_in >= 0),
  messages_out integer not null default 0 check (messages_out >= 0),
  sentiment real check (sentiment between -1 and 1),
  resolved boolean not null default false,
  escalated boolean not null default false,
  automated boolean not null default false,
  conversion_type text,
  -- Minor units of the client's currency.
  conversion_value_minor bigint check (conversion_value_minor >= 0),
  campaign_id text collate "C",
  location text,
  tags text[] not null default '{}',
  follow_up_at timestamptz,
  primary key (client_id, id, started_at)
) partition by range (started_at);
select declare_fact_table('interactions', 'started_at', is_event => false, customer_column => 'customer_id');

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
  campaign_id text collate "C",
  csat smallint check (csat between 1 and 5),
  nps smallint check (nps between 0 and 10),
  sentiment real check (sentiment between -1 and 1),
  would_recommend boolean,
  comment text,
  category text,
  primary key (client_id, id, answered_at)
) partition by range (answered_at);
select declare_fact_table('customer_satisfaction', 'answered_at', is_event => false, customer_column => 'customer_id');

create table payments (
  client_id text collate "C" not null,
  id text collate "C" not null,
  occurred_at timestamptz not null,
  kind text not null check (kind in ('charge', 'refund', 'payout', 'fee')),
  -- Minor units, signed as the business sees it: money in is positive, money out (refund, payout, fee) is negative or
  -- zero.
  amount_minor bigint not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  customer_id text collate "C",
  agent_id text collate "C",
  sector_id text collate "C",
  channel text,
  campaign_id text collate "C",
  provider_id text collate "C",
  service text,
  country text,
  external_reference text,
  settled_at timestamptz,
  check (case kind when 'charge' then amount_minor >= 0 else amount_minor <= 0 end),
  primary key (client_id, id, occurred_at)
) partition by range (occurred_at);
select declare_fact_table('payments', 'occurred_at', is_event => false, customer_column => 'customer_id', is_book => true);
create index payments_customer on payments (client_id, customer_id, occurred_at) where customer_id is not null;

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
select declare_fact_table('call_quality_scores', 'reviewed_at', is_event => false, customer_column => null);

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
select declare_fact_table('call_quality_issues', 'noted_at', is_event => false, customer_column => null, other_times => '{resolved_at}');

-- Issues count as settled on the day they were settled.
create index call_quality_issues_resolved_at on call_quality_issues (client_id, resolved_at) where resolved_at is not null;

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
select declare_fact_table('leads', 'created_at', is_event => false, customer_column => 'customer_id', is_book => true);

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
select declare_fact_table('lead_stage_changes', 'changed_at', is_event => false, customer_column => 'customer_id', is_book => true);
create index lead_stage_changes_lead on lead_stage_changes (client_id, lead_id, changed_at);

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
select declare_fact_table('deals', 'opened_at', is_event => false, customer_column => 'customer_id', is_book => true, other_times => '{closed_at}');
create index deals_closed_at on deals (client_id, closed_at) where closed_at is not null;

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
select declare_fact_table('campaign_spend', 'spent_at', is_event => false, customer_column => null, is_book => true);

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
select declare_fact_table('touchpoints', 'touched_at', is_event => true, customer_column => 'customer_id');
create index touchpoints_customer on touchpoints (client_id, customer_id, touched_at);

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
select declare_fact_table('service_requests', 'requested_at', is_event => false, customer_column => 'customer_id', other_times => '{completed_at}');
create index service_requests_completed_at on service_requests (client_id, completed_at) where completed_at is not null;

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
select declare_fact_table('bookings', 'starts_at', is_event => false, customer_column => 'customer_id', marker => 'mark_dirty_span_days');

-- Bookings and availability have a length, and count on every day they touch. Those longer than a day are few: they are
-- found by their end, so that a day's roll-up need not look back further than one day for the others.
create index bookings_long on bookings (client_id, ends_at) where ends_at - starts_at > interval '24 hours';

create table provider_availability (
  client_id text collate "C" not null,
  id text collate "C" not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  provider_id text collate "C" not null,
  primary key (client_id, id, starts_at)
) partition by range (starts_at);
select declare_fact_table('provider_availability', 'starts_at', is_event => false, customer_column => null, marker => 'mark_dirty_span_days');
create index provider_availability_long on provider_availability (client_id, ends_at) where ends_at - starts_at > interval '24 hours';

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
select declare_fact_table('cost_analysis', 'incurred_at', is_event => false, customer_column => null, is_book => true);

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
select declare_fact_table('analytics_events', 'occurred_at', is_event => true, customer_column => 'customer_id');
create index analytics_events_customer on analytics_events (client_id, customer_id, occurred_at) where customer_id is not null;

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
select declare_fact_table('agent_status_changes', 'changed_at', is_event => true, customer_column => null);
create index agent_status_changes_agent on agent_status_changes (client_id, agent_id, changed_at);

-- A status holds until the agent's next: a late one changes the days after its own too.
create trigger agent_status_changes_insert_after after insert on agent_status_changes referencing new table as new_facts
  for each statement execute function mark_day_after_status();
create trigger agent_status_changes_update_after after update on agent_status_changes
  referencing old table as old_facts new table as new_facts for each statement execute function mark_day_after_status();
create trigger agent_status_changes_delete_after after delete on agent_status_changes referencing old table as old_facts
  for each statement execute function mark_day_after_status();

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
select declare_fact_table('queue_snapshots', 'taken_at', is_event => true, customer_column => null);
