-- metric_histograms of every day and member of client, agent, sector and channel: a hundred buckets of three measures.
-- $1 client. Reads daily_metrics.
insert into metric_histograms (client_id, dimension, day, member, measure, buckets, counts)
select
  client_id, dimension, day, member, m.measure,
  array(select (m.first + n)::smallint from generate_series(1, 100) as n),
  array(select 1 + (coalesce(offered, 0) / 100 + n)::integer % 4 from generate_series(1, 100) as n)
from daily_metrics, (values ('wait', 60), ('handle', 220), ('talk', 200)) as m (measure, first)
where client_id = $1 and dimension in ('client', 'agent', 'sector', 'channel')
