-- Roll-ups: additive components per client, local time bucket and dimension (a column per component of
-- src/analytics/metrics/components.ts). '' stands for "no agent / sector / channel / country" and for an unknown
-- customer, so that every breakdown adds up to the same total. Money is in the client's own currency; only
-- revenue_metrics keeps other currencies, apart. Roll-ups are written by the hundred thousand, and a foreign key asks
-- for the client of each row. A roll-up holds on to its client instead, and whoever deletes a client deletes its
-- roll-ups (trigger clients_rollups).

create sequence rollup_revisions;
grant usage on sequence rollup_revisions to daybreak_client;

-- Which local days of a client hold facts, and whether the roll-up has seen all of them. A day is dirty while
-- facts_version > rolled_version. Facts raise facts_version in the transaction that writes them (mark-dirty-days.sql
-- and its like); a roll-up notes the version it starts from and stores that one, so a fact that commits meanwhile
-- leaves the day dirty.
create table rollup_days (
  client_id text collate "C" not null references clients (id) on delete cascade,
  day date not null,
  facts_version bigint not null default 1,
  rolled_version bigint not null default 0,
  -- Data as of: the instant of the snapshot that the last roll-up read.
  rolled_at timestamptz,
  -- Rises with every change of the row, whatever changes it: facts came in, it was rolled up, its client was set
  -- otherwise. Who compares number, sum and maximum over some days sees whether any of them has changed.
  revision bigint not null default nextval('rollup_revisions'),
  -- When the day changed last, by facts or by what its client is set to: what failed before then may be tried again.
  changed_at timestamptz not null default now(),
  primary key (client_id, day)
);
create index rollup_days_dirty on rollup_days (client_id, day) where facts_version > rolled_version;
create trigger rollup_days_revision before update on rollup_days for each row execute function raise_revision();

-- One row per client, local hour, agent, sector and channel. hour_at is the instant the local hour begins, so that the
-- repeated hour of a 25-hour day is two rows.
create table agent_metrics (
  client_id text collate "C" not null,
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
  -- null: nothing of the kind.
  repeats bigint, assistant_contacts bigint, automated_resolved bigint, messages_in bigint,
  messages_out bigint, sentiment_count bigint, sentiment_milli_sum bigint,
  sentiment_positive bigint, sentiment_negative bigint, conversions bigint,
  conversion_minor bigint, follow_ups bigint, recommend_count bigint, recommend_yes bigint,
  reviews bigint, quality_centi_sum bigint, professionalism_sum bigint,
  professionalism_count bigint, empathy_sum bigint, empathy_count bigint,
  resolution_sum bigint, resolution_count bigint, clarity_sum bigint, clarity_count bigint,
  responsiveness_sum bigint, responsiveness_count bigint, audio_clarity_centi_sum bigint,
  audio_clarity_count bigint, noise_centi_sum bigint, noise_count bigint,
  issues_critical bigint, issues_major bigint, issues_minor bigint, issues_compliance bigint,
  issues_tone bigint, issues_procedure bigint, issues_documentation bigint,
  issues_resolved bigint, available_s bigint, handling_s bigint, break_s bigint,
  training_s bigint, paid_s bigint,
  primary key (client_id, day, hour_at, agent_id, sector_id, channel)
) with (fillfactor = 90);

-- One row per client, local day, currency and country.
create table revenue_metrics (
  client_id text collate "C" not null,
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
  client_id text collate "C" not null,
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

-- One row per client, dimension, local day and member. The dimension client has one member, '', and a row for every day
-- that was rolled up, with nothing on it or not; in the others '' is what has no agent, sector, channel, campaign,
-- provider, role or location. A day's roll-up writes its rows, then each family sets its own columns: room is left on
-- the page for that.
create table daily_metrics (
  client_id text collate "C" not null,
  dimension text collate "C" not null
    check (dimension in ('client', 'agent', 'sector', 'channel', 'campaign', 'provider', 'customer-role', 'location')),
  day date not null,
  member text collate "C" not null,
  -- contacts
  offered bigint, answered bigint, abandoned bigint, short_abandoned bigint, missed bigint, answered_in_threshold bigint,
  wait_answered_s bigint, talk_s bigint, hold_s bigint, wrap_s bigint, resolved bigint, resolved_first bigint, repeats bigint,
  escalated bigint, automated bigint, assistant_contacts bigint, automated_resolved bigint, messages_in bigint, messages_out bigint,
  sentiment_count bigint, sentiment_milli_sum bigint, sentiment_positive bigint, sentiment_negative bigint, conversions bigint,
  conversion_minor bigint, follow_ups bigint,
  -- satisfaction
  csat_count bigint, csat_sum bigint, csat_satisfied bigint, nps_count bigint, nps_promoters bigint, nps_detractors bigint,
  recommend_count bigint, recommend_yes bigint,
  -- quality
  reviews bigint, quality_centi_sum bigint, professionalism_sum bigint, professionalism_count bigint, empathy_sum bigint,
  empathy_count bigint, resolution_sum bigint, resolution_count bigint, clarity_sum bigint, clarity_count bigint,
  responsiveness_sum bigint, responsiveness_count bigint, audio_clarity_centi_sum bigint, audio_clarity_count bigint,
  noise_centi_sum bigint, noise_count bigint, issues_critical bigint, issues_major bigint, issues_minor bigint, issues_compliance bigint,
  issues_tone bigint, issues_procedure bigint, issues_documentation bigint, issues_resolved bigint,
  -- agent time
  available_s bigint, handling_s bigint, break_s bigint, training_s bigint, paid_s bigint,
  -- money
  orders bigint, refunds bigint, gross_minor bigint, refunded_minor bigint, payouts_minor bigint, fees_minor bigint, cost_labour_minor bigint,
  cost_technology_minor bigint, cost_infrastructure_minor bigint, cost_training_minor bigint,
  -- subscriptions
  mrr_new_minor bigint, mrr_expansion_minor bigint, mrr_contraction_minor bigint, mrr_churned_minor bigint, subscribers_new bigint,
  subscribers_churned bigint,
  -- sales
  leads bigint, leads_minor bigint, stage_changes bigint, deals_opened bigint, deals_opened_minor bigint, deals_won bigint,
  deals_won_minor bigint, deals_lost bigint, deals_lost_minor bigint, cycle_days_sum bigint, cycle_count bigint,
  -- campaigns
  spend_minor bigint, impressions bigint, clicks bigint, contacted bigint, responded bigint, touchpoints bigint,
  -- marketplace
  requests bigint, requests_completed bigint, requests_cancelled bigint, bookings bigint, bookings_completed bigint, bookings_no_show bigint,
  bookings_cancelled bigint, bookings_cancelled_in_time bigint, bookings_moved bigint, booked_s bigint, provider_available_s bigint,
  -- events
  events bigint, customers_new bigint,
  -- data quality
  quarantined bigint,
  primary key (client_id, dimension, day, member)
) with (fillfactor = 80);

-- What a chart reads: hours and days of the client as a whole, ISO weeks and months of every dimension, summed from
-- daily_metrics. bucket_at is the instant the local bucket begins, bucket_day its first local day.
create table performance_trends (
  grain text collate "C" not null check (grain in ('hour', 'day', 'week', 'month')),
  bucket_at timestamptz not null,
  like daily_metrics including constraints
);
-- The day of daily_metrics is the first of a bucket here.
alter table performance_trends rename column day to bucket_day;
alter table performance_trends
  add primary key (client_id, grain, dimension, bucket_day, bucket_at, member),
  set (fillfactor = 80);

-- How often which size occurred, by buckets a constant factor apart: counts of equal buckets add up. Sparse, buckets in
-- order.
create table metric_histograms (
  client_id text collate "C" not null,
  dimension text collate "C" not null,
  day date not null,
  member text collate "C" not null,
  measure text collate "C" not null,
  buckets smallint[] not null,
  counts integer[] not null,
  primary key (client_id, dimension, day, member, measure),
  check (cardinality(buckets) = cardinality(counts))
);

-- Facts that contradict themselves, by the day they would have counted on. They are left out of every sum.
create table quarantined_facts (
  client_id text collate "C" not null,
  day date not null,
  fact_table text collate "C" not null,
  fact_id text collate "C" not null,
  reason text not null,
  primary key (client_id, day, fact_table, fact_id)
);

-- The answered contacts that count as repeated in the roll-ups of their day, and the day of the contact that made them
-- so: a later day knows by them which earlier ones it changes.
create table repeated_contacts (
  client_id text collate "C" not null,
  day date not null,
  id text collate "C" not null,
  -- The same contact may stand on a day twice, at two instants, when a pipeline of plain SQL corrects it without
  -- deleting it: each of them is repeated, or not, by itself.
  started_at timestamptz not null,
  by_day date not null,
  primary key (client_id, day, id, started_at)
);

-- Days, weeks and months of agents, sectors and channels together, and weeks and months of histograms: what questions
-- over a year would otherwise add up from a million hours. Added up after the nights (job refresh-summaries), and only
-- where nothing changes any more by itself. rollup_periods says which there are, and of which state of their days:
-- whoever reads compares.
create table rollup_periods (
  client_id text collate "C" not null,
  grain text collate "C" not null check (grain in ('day', 'week', 'month')),
  bucket_day date not null,
  -- Of the days that it is made of, as period_stamp says it.
  stamp text collate "C" not null,
  primary key (client_id, grain, bucket_day)
);

create table agent_periods (
  grain text collate "C" not null,
  bucket_day date not null,
  like agent_metrics
);
-- Of hours and days only the components are wanted.
alter table agent_periods
  drop column day, drop column hour_at, add primary key (client_id, grain, bucket_day, agent_id, sector_id, channel);

-- Only ever read whole: as the text they are sent in, a question about a hundred members need not write a hundred
-- thousand numbers out each time.
create table histogram_periods (
  grain text collate "C" not null,
  bucket_day date not null,
  client_id text collate "C" not null,
  dimension text collate "C" not null,
  member text collate "C" not null,
  measure text collate "C" not null,
  buckets text not null,
  counts text not null,
  primary key (client_id, dimension, grain, bucket_day, member, measure)
);

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
