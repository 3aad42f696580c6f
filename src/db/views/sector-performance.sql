-- For people and programs that read SQL. Materialized views know no row-level security, so a client's role has none of
-- them: it reads the views below, which show it its own rows only. Refreshed concurrently (job refresh-summaries),
-- which the unique indexes are for.
drop materialized view if exists sector_performance_summary cascade;
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

create view own_sector_performance with (security_barrier) as
  select * from sector_performance_summary where client_id = (select current_client());
grant select on own_sector_performance to daybreak_client;
