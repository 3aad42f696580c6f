-- For people and programs that read SQL. Materialized views know no row-level security, so a client's role has none of
-- them: it reads the views below, which show it its own rows only. Refreshed concurrently (job refresh-summaries),
-- which the unique indexes are for.
drop materialized view if exists daily_performance_summary cascade;
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

create view own_daily_performance with (security_barrier) as
  select * from daily_performance_summary where client_id = (select current_client());
grant select on own_daily_performance to daybreak_client;
