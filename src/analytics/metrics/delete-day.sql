-- Deletes what the roll-up of one local day of a client wrote for that day. By the primary keys, whose dimension is
-- named so that an index that has it before the day is used.
with agents as (
  delete from agent_metrics where client_id = :client_id and day = :day
), revenue as (
  delete from revenue_metrics where client_id = :client_id and day = :day
), customers as (
  delete from customer_metrics where client_id = :client_id and day = :day
), quarantined as (
  delete from quarantined_facts where client_id = :client_id and day = :day
), repeated as (
  delete from repeated_contacts where client_id = :client_id and day = :day
), trends as (
  delete from performance_trends
  where client_id = :client_id and grain in ('hour', 'day') and dimension = 'client' and bucket_day = :day
), histograms as (
  delete from metric_histograms
  where client_id = :client_id and day = :day
    and dimension in ({dimensions: '#'})
)
delete from daily_metrics
where client_id = :client_id and day = :day
  and dimension in ({dimensions: '#'})
