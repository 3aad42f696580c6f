-- By hand: revenue_metrics of one local day of all clients. $1 day.
insert into bare_revenue_metrics (client_id, day, currency, country, orders, refunds, gross_minor, refunded_minor)
select
  client_id, $1::date, p.currency, coalesce(country, ''), count(*) filter (where kind = 'charge'), count(*) filter (where kind = 'refund'),
  coalesce(sum(amount_minor) filter (where kind = 'charge'), 0), coalesce(sum(amount_minor) filter (where kind = 'refund'), 0)
from payments p join clients c on c.id = p.client_id
where occurred_at >= $1::date::timestamp at time zone c.time_zone and occurred_at < ($1::date + 1)::timestamp at time zone c.time_zone
  and amount_minor <> 0
group by 1, 3, 4
