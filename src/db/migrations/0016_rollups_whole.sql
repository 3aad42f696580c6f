-- Roll-ups of every family: the hours of agents grow more columns; days, weeks and months have one wide row per member of a dimension.
-- A column per component (src/analytics/metrics/components.ts), all of them additive. null: nothing of the kind.

alter table agent_metrics
  set (fillfactor = 90),
  add column repeats bigint, add column assistant_contacts bigint, add column automated_resolved bigint, add column messages_in bigint,
  add column messages_out bigint, add column sentiment_count bigint, add column sentiment_milli_sum bigint,
  add column sentiment_positive bigint, add column sentiment_negative bigint, add column conversions bigint,
  add column conversion_minor bigint, add column follow_ups bigint, add column recommend_count bigint, add column recommend_yes bigint,
  add column reviews bigint, add column quality_centi_sum bigint, add column professionalism_sum bigint,
  add column professionalism_count bigint, add column empathy_sum bigint, add column empathy_count bigint,
  add column resolution_sum bigint, add column resolution_count bigint, add column clarity_sum bigint, add column clarity_count bigint,
  add column responsiveness_sum bigint, add column responsiveness_count bigint, add column audio_clarity_centi_sum bigint,
  add column audio_clarity_count bigint, add column noise_centi_sum bigint, add column noise_count bigint,
  add column issues_critical bigint, add column issues_major bigint, add column issues_minor bigint, add column issues_compliance bigint,
  add column issues_tone bigint, add column issues_procedure bigint, add column issues_documentation bigint,
  add column issues_resolved bigint, add column available_s bigint, add column handling_s bigint, add column break_s bigint,
  add column training_s bigint, add column paid_s bigint;

-- One row per client, dimension, local day and member. The dimension client has one member, '', and a row for every day that was rolled up,
-- with nothing on it or not; in the others '' is what has no agent, sector, channel, campaign, provider, role or location.
-- A day's roll-up writes its rows, then each family sets its own columns: room is left on the page for that.
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

-- What a chart reads: hours and days of the client as a whole, ISO weeks and months of every dimension, summed from daily_metrics.
-- bucket_at is the instant the local bucket begins, bucket_day its first local day.
create table performance_trends (
  grain text collate "C" not null check (grain in ('hour', 'day', 'week', 'month')),
  bucket_at timestamptz not null,
  like daily_metrics including constraints
);
alter table performance_trends rename column day to bucket_day;
alter table performance_trends
  add primary key (client_id, grain, dimension, bucket_day, bucket_at, member),
  set (fillfactor = 80);

-- How often which size occurred, by buckets a constant factor apart: counts of equal buckets add up. Sparse, buckets in order.
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

-- The bucket of a size: bucket i holds (g^(i-1), g^i] with g = 1.01 / 0.99, so that the middle of a bucket is at most 1 % off; whatever is
-- not above zero is in bucket -32768. src/analytics/metrics/histogram.ts is the way back.
create function histogram_bucket(size double precision) returns smallint
language sql immutable parallel safe return
  case when size > 0 then ceil(ln(size) / ln(1.01::double precision / 0.99))::smallint else (-32768)::smallint end;

-- Facts that contradict themselves, by the day they would have counted on. They are left out of every sum.
create table quarantined_facts (
  client_id text collate "C" not null,
  day date not null,
  fact_table text collate "C" not null,
  fact_id text collate "C" not null,
  reason text not null,
  primary key (client_id, day, fact_table, fact_id)
);

-- What contradicts itself in a fact; null: nothing. A call may be longer than its talk and hold by what nobody counted, and shorter by
-- the second that rounding takes.
create function interaction_fault(
  started_at timestamptz, answered_at timestamptz, ended_at timestamptz, talk_s integer, hold_s integer
) returns text language sql immutable parallel safe return case
  when answered_at < started_at then 'answered before it started'
  when ended_at < started_at then 'ended before it started'
  when ended_at < answered_at then 'ended before it was answered'
  when ended_at - coalesce(answered_at, started_at) < make_interval(secs => talk_s::double precision + hold_s - 1)
    then 'talk and hold are longer than the call'
end;
create function issue_fault(noted_at timestamptz, resolved_at timestamptz) returns text
language sql immutable parallel safe return case when resolved_at < noted_at then 'resolved before it was noted' end;
create function deal_fault(opened_at timestamptz, closed_at timestamptz) returns text
language sql immutable parallel safe return case when closed_at < opened_at then 'closed before it was opened' end;
create function request_fault(requested_at timestamptz, accepted_at timestamptz, completed_at timestamptz) returns text
language sql immutable parallel safe return case
  when accepted_at < requested_at then 'accepted before it was requested'
  when completed_at < requested_at then 'completed before it was requested'
  when completed_at < accepted_at then 'completed before it was accepted'
end;
create function booking_fault(starts_at timestamptz, ends_at timestamptz) returns text
language sql immutable parallel safe return case
  when ends_at <= starts_at then 'ends before it begins'
  when ends_at - starts_at > interval '366 days' then 'lasts longer than a year'
end;
create function spend_fault(contacted integer, responded integer) returns text
language sql immutable parallel safe return case when responded > contacted then 'more answered than were contacted' end;

-- The answered contacts that count as repeated in the roll-ups of their day, and the day of the contact that made them so: a later day
-- knows by them which earlier ones it changes.
create table repeated_contacts (
  client_id text collate "C" not null,
  day date not null,
  id text collate "C" not null,
  by_day date not null,
  primary key (client_id, day, id)
);

-- A client's own limits of a metric; null: the catalogue's.
create table metric_thresholds (
  client_id text collate "C" not null references clients (id) on delete cascade,
  metric text collate "C" not null,
  target double precision,
  warning double precision,
  critical double precision,
  primary key (client_id, metric)
);

select secure_tenant_table(t::regclass) from unnest(array[
  'daily_metrics', 'performance_trends', 'metric_histograms', 'quarantined_facts', 'repeated_contacts', 'metric_thresholds'
]) as t;

-- Roll-ups are written by the hundred thousand, and a foreign key asks for the client of each row. A roll-up holds on to its client
-- instead, and whoever deletes a client deletes its roll-ups.
alter table agent_metrics drop constraint agent_metrics_client_id_fkey;
alter table revenue_metrics drop constraint revenue_metrics_client_id_fkey;
alter table customer_metrics drop constraint customer_metrics_client_id_fkey;
create function delete_rollups_of_clients() returns trigger language plpgsql security definer set search_path = public as $$
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
create trigger clients_rollups after delete on clients referencing old table as gone
  for each statement execute function delete_rollups_of_clients();

-- Issues count as settled on the day they were settled.
create index call_quality_issues_resolved_at on call_quality_issues (client_id, resolved_at) where resolved_at is not null;

-- A status holds until the agent's next, for up to a day: a late one changes the day after its own too, where that is known.
create function mark_day_after_status() returns trigger language plpgsql security definer set search_path = public as $$
declare
  source text := case tg_op when 'INSERT' then 'select * from new_facts' when 'DELETE' then 'select * from old_facts'
    else 'select * from new_facts union all select * from old_facts' end;
begin
  execute format(
    'update rollup_days r set facts_version = r.facts_version + 1
     from (
       select distinct f.client_id, ((f.changed_at + interval ''24 hours'') at time zone c.time_zone)::date as day
       from (%s) f join clients c on c.id = f.client_id
     ) n
     where r.client_id = n.client_id and r.day = n.day and r.rolled_at is not null', source);
  return null;
end $$;
create trigger agent_status_changes_insert_after after insert on agent_status_changes referencing new table as new_facts
  for each statement execute function mark_day_after_status();
create trigger agent_status_changes_update_after after update on agent_status_changes
  referencing old table as old_facts new table as new_facts for each statement execute function mark_day_after_status();
create trigger agent_status_changes_delete_after after delete on agent_status_changes referencing old table as old_facts
  for each statement execute function mark_day_after_status();

-- What was rolled up before has no days, histograms and repeats yet.
update rollup_days set rolled_version = rolled_version - 1 where rolled_at is not null;

-- A setting that changes sums makes every day of the client dirty. A day without facts stays one (facts_version 0). After a change of zone
-- facts may lie on a day that had none: the neighbours of known days are looked at.
create function mark_days_of_client() returns trigger language plpgsql security definer set search_path = public as $$
declare
  fact record;
begin
  update rollup_days set
    facts_version = facts_version + case when facts_version > 0 then 1 else 0 end,
    rolled_version = case when facts_version > 0 then rolled_version else -1 end
  where client_id = new.id;
  if old.time_zone = new.time_zone then
    return null;
  end if;
  for fact in
    select name, time_column from fact_tables
    union all values
      ('deals', 'closed_at'), ('service_requests', 'completed_at'), ('call_quality_issues', 'resolved_at'),
      ('subscriptions', 'starts_at'), ('subscriptions', 'ends_at'), ('customers', 'first_contact_at')
  loop
    execute format(
      'insert into rollup_days (client_id, day)
       select distinct $1, d.day
       from rollup_days r cross join lateral (values (r.day - 1), (r.day + 1)) as d (day)
       where r.client_id = $1
         and not exists (select from rollup_days k where k.client_id = $1 and k.day = d.day)
         and exists (
           select from %I f where f.client_id = $1
             and f.%I >= d.day::timestamp at time zone $2 and f.%I < (d.day + 1)::timestamp at time zone $2)
       order by 2
       on conflict (client_id, day) do nothing', fact.name, fact.time_column, fact.time_column)
    using new.id, new.time_zone;
  end loop;
  return null;
end $$;
create trigger clients_settings after update on clients for each row
  when ((old.time_zone, old.currency, old.service_level_s, old.short_abandon_s, old.cancel_hours)
    is distinct from (new.time_zone, new.currency, new.service_level_s, new.short_abandon_s, new.cancel_hours))
  execute function mark_days_of_client();

-- For people and programs that read SQL. Materialized views know no row-level security, so a client's role has none of them: it reads the
-- views below, which show it its own rows only. Refreshed concurrently (job refresh-summaries), which the unique indexes are for.
create materialized view daily_performance_summary as
select
  client_id, day, offered, answered, abandoned, missed, short_abandoned, answered_in_threshold, wait_answered_s,
  talk_s + hold_s + wrap_s as handle_s, resolved, resolved_first, repeats, escalated, automated,
  csat_count, csat_sum, csat_satisfied, nps_count, nps_promoters, nps_detractors, reviews, quality_centi_sum,
  orders, gross_minor, refunded_minor, quarantined,
  abandoned::numeric / nullif(offered, 0) as abandonment,
  answered_in_threshold::numeric / nullif(offered, 0) as service_level,
  (talk_s + hold_s + wrap_s)::numeric / nullif(answered, 0) as handle_time_s,
  resolved_first::numeric / nullif(answered, 0) as first_contact_resolution,
  csat_satisfied::numeric / nullif(csat_count, 0) as csat,
  100.0 * (nps_promoters - nps_detractors) / nullif(nps_count, 0) as nps,
  quality_centi_sum / 100.0 / nullif(reviews, 0) as quality_score
from daily_metrics where dimension = 'client';
create unique index daily_performance_summary_key on daily_performance_summary (client_id, day);

create materialized view sector_performance_summary as
select
  client_id, member as sector_id, day, offered, answered, abandoned, missed, answered_in_threshold, wait_answered_s,
  coalesce(talk_s, 0) + coalesce(hold_s, 0) + coalesce(wrap_s, 0) as handle_s, resolved, resolved_first, escalated, automated,
  csat_count, csat_sum, csat_satisfied, nps_count, nps_promoters, nps_detractors, reviews, quality_centi_sum,
  gross_minor, refunded_minor,
  coalesce(abandoned, 0)::numeric / nullif(offered, 0) as abandonment,
  coalesce(answered_in_threshold, 0)::numeric / nullif(offered, 0) as service_level,
  (coalesce(talk_s, 0) + coalesce(hold_s, 0) + coalesce(wrap_s, 0))::numeric / nullif(answered, 0) as handle_time_s,
  coalesce(resolved_first, 0)::numeric / nullif(answered, 0) as first_contact_resolution,
  coalesce(csat_satisfied, 0)::numeric / nullif(csat_count, 0) as csat,
  100.0 * (coalesce(nps_promoters, 0) - coalesce(nps_detractors, 0)) / nullif(nps_count, 0) as nps,
  quality_centi_sum / 100.0 / nullif(reviews, 0) as quality_score
from daily_metrics where dimension = 'sector';
create unique index sector_performance_summary_key on sector_performance_summary (client_id, sector_id, day);

create view own_daily_performance with (security_barrier) as
  select * from daily_performance_summary where client_id = current_setting('daybreak.client_id', true);
create view own_sector_performance with (security_barrier) as
  select * from sector_performance_summary where client_id = current_setting('daybreak.client_id', true);
grant select on own_daily_performance, own_sector_performance to daybreak_client;
