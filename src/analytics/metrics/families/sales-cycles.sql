-- metric_histograms of sales cycles: the days from opening to winning, of the deals that were won on one local day.
-- Reads deals by (client_id, closed_at) and customers by their key. The day's rows were deleted in the same
-- transaction, so twice is the same as once. Which deals and how many days: see sales.sql.
insert into metric_histograms (client_id, dimension, day, member, measure, buckets, counts)
select :client_id, dimension, :day, member, 'sales-cycle', array_agg(bucket order by bucket), array_agg(count order by bucket)
from (
  select place.dimension, place.member, histogram_bucket(cycle_days) as bucket, count(*)::integer as count
  from (
    select
      d.agent_id, d.sector_id, d.channel, d.campaign_id, c.role,
      (d.closed_at at time zone :time_zone)::date - (d.opened_at at time zone :time_zone)::date as cycle_days
    from deals d left join customers c on c.client_id = d.client_id and c.id = d.customer_id
    where d.client_id = :client_id and d.closed_at >= :from and d.closed_at < :to and d.currency = :currency and d.state = 'won'
      and deal_fault(d.opened_at, d.closed_at) is null
  ) won
  cross join lateral (values
    ('client', ''), ('agent', coalesce(agent_id, '')), ('sector', coalesce(sector_id, '')), ('channel', coalesce(channel, '')),
    ('campaign', coalesce(campaign_id, '')), ('provider', ''), ('customer-role', coalesce(role, '')), ('location', '')
  ) as place (dimension, member)
  group by 1, 2, 3
) sizes
group by dimension, member
