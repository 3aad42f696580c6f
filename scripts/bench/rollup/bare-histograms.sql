-- By hand: metric_histograms of one local day of all clients. $1 day.
insert into bare_metric_histograms (client_id, dimension, day, member, measure, buckets, counts)
select
  client_id, dimension, $1::date, member, measure, array_agg(bucket order by bucket), array_agg(contacts::integer order by bucket)
from (
  select
    i.client_id, measure, histogram_bucket(size) as bucket, count(*) as contacts,
    case when grouping(agent_id) = 0 then 'agent' when grouping(sector_id) = 0 then 'sector' when grouping(channel) = 0 then 'channel' else 'client' end
      as dimension,
    coalesce(agent_id, sector_id, channel, '') as member
  from (
    select client_id, coalesce(agent_id, '') as agent_id, coalesce(sector_id, '') as sector_id, channel, wait_s, talk_s, talk_s + hold_s + wrap_s as handle_s
    from interactions i join clients c on c.id = i.client_id
    where status = 'answered'
      and started_at >= $1::date::timestamp at time zone c.time_zone and started_at < ($1::date + 1)::timestamp at time zone c.time_zone
  ) i
  cross join lateral (values ('wait', wait_s), ('talk', talk_s), ('handle', handle_s)) as sizes (measure, size)
  group by grouping sets (
    (client_id, measure, histogram_bucket(size)), (client_id, measure, histogram_bucket(size), agent_id),
    (client_id, measure, histogram_bucket(size), sector_id), (client_id, measure, histogram_bucket(size), channel)
  )
) counted
group by client_id, dimension, member, measure
