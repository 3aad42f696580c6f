-- What customers have brought in: one row over the customers who dealt with the business in a window of days.
-- $1 client, $2 from, $3 to (half-open days), $4 quantiles
-- Reads customer_metrics by (client_id, day). Writes nothing. A quantile is the value of a customer, never one between
-- two.
with dealings as (
  select customer_id, sum(orders) as orders, sum(gross_minor + refunded_minor)::bigint as net_minor
  from customer_metrics
  where client_id = $1 and day >= $2::date and day < $3::date
  group by customer_id
)
select
  count(*) filter (where customer_id <> '') as customers,
  count(*) filter (where customer_id <> '' and orders > 0) as paying_customers,
  coalesce(sum(net_minor) filter (where customer_id <> ''), 0)::bigint as net_minor,
  coalesce(sum(net_minor) filter (where customer_id = ''), 0)::bigint as unknown_minor,
  percentile_disc($4::double precision[]) within group (order by net_minor) filter (where customer_id <> '') as quantiles
from dealings
