-- By hand: customer_metrics of one local day of all clients. $1 day.
insert into bare_customer_metrics (client_id, day, customer_id, contacts, orders, refunds, gross_minor, refunded_minor)
select client_id, $1::date, customer_id, sum(contacts), sum(orders), sum(refunds), sum(gross), sum(refunded)
from (
  select client_id, coalesce(customer_id, '') as customer_id, count(*) as contacts, 0 as orders, 0 as refunds, 0 as gross, 0 as refunded
  from interactions i join clients c on c.id = i.client_id
  where started_at >= $1::date::timestamp at time zone c.time_zone and started_at < ($1::date + 1)::timestamp at time zone c.time_zone
  group by 1, 2
  union all
  select
    client_id, coalesce(customer_id, ''), 0, count(*) filter (where kind = 'charge'), count(*) filter (where kind = 'refund'),
    coalesce(sum(amount_minor) filter (where kind = 'charge'), 0), coalesce(sum(amount_minor) filter (where kind = 'refund'), 0)
  from payments p join clients c on c.id = p.client_id
  where occurred_at >= $1::date::timestamp at time zone c.time_zone and occurred_at < ($1::date + 1)::timestamp at time zone c.time_zone
    and p.currency = c.currency and amount_minor <> 0
  group by 1, 2
) dealings
group by 1, 3
