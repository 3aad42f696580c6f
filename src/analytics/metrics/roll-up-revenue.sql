-- revenue_metrics from payments: one row per currency and country of one local day.
-- $1 client, $2 day, $3 from, $4 to (half-open instants of the day)
-- Reads payments by (client_id, occurred_at). The day's rows were deleted in the same transaction, so twice is the same
-- as once.
insert into revenue_metrics (client_id, day, currency, country, orders, refunds, gross_minor, refunded_minor)
select
  $1, $2::date, currency, coalesce(country, ''),
  count(*) filter (where kind = 'charge'),
  count(*) filter (where kind = 'refund'),
  coalesce(sum(amount_minor) filter (where kind = 'charge'), 0),
  coalesce(sum(amount_minor) filter (where kind = 'refund'), 0)
from payments
where client_id = $1 and occurred_at >= $3 and occurred_at < $4
  and kind in ('charge', 'refund') and amount_minor <> 0
group by 3, 4
