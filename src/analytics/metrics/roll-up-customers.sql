-- customer_metrics from interactions and payments: one row per customer of one local day, '' for all unknown ones.
-- $1 client, $2 day, $3 from, $4 to (half-open instants of the day), $5 the client's currency, the only one counted
-- Reads interactions by (client_id, started_at) and payments by (client_id, occurred_at). The day's rows were deleted
-- in the same transaction, so twice is the same as once.
insert into customer_metrics (client_id, day, customer_id, contacts, orders, refunds, gross_minor, refunded_minor)
select
  $1, $2::date, customer_id, sum(contacts), sum(orders), sum(refunds), sum(gross_minor), sum(refunded_minor)
from (
  select
    coalesce(customer_id, '') as customer_id,
    count(*) as contacts, 0 as orders, 0 as refunds, 0 as gross_minor, 0 as refunded_minor
  from interactions
  where client_id = $1 and started_at >= $3 and started_at < $4
    and interaction_fault(started_at, answered_at, ended_at, talk_s, hold_s) is null
  group by 1
  union all
  select
    coalesce(customer_id, ''),
    0, count(*) filter (where kind = 'charge'), count(*) filter (where kind = 'refund'),
    coalesce(sum(amount_minor) filter (where kind = 'charge'), 0),
    coalesce(sum(amount_minor) filter (where kind = 'refund'), 0)
  from payments
  where client_id = $1 and occurred_at >= $3 and occurred_at < $4
    and currency = $5 and kind in ('charge', 'refund') and amount_minor <> 0
  group by 1
) dealings
group by customer_id
