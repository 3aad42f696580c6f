-- agent_metrics from payments: adds the money of each local hour to the rows of interactions and surveys.
-- $1 client, $2 day, $3 from, $4 to (half-open instants of the day), $5 zone, $6 the client's currency, the only one
-- counted Reads payments by (client_id, occurred_at). Sets, never adds, and the day's rows were deleted in the same
-- transaction, so twice is the same as once. A charge or refund of nothing moves no money and is no order.
insert into agent_metrics (
  client_id, day, hour_at, agent_id, sector_id, channel, orders, refunds, gross_minor, refunded_minor
)
select
  $1, $2::date, date_trunc('hour', occurred_at, $5),
  coalesce(agent_id, '') as agent_id, coalesce(sector_id, '') as sector_id, coalesce(channel, '') as channel,
  count(*) filter (where kind = 'charge'),
  count(*) filter (where kind = 'refund'),
  coalesce(sum(amount_minor) filter (where kind = 'charge'), 0),
  coalesce(sum(amount_minor) filter (where kind = 'refund'), 0)
from payments
where client_id = $1 and occurred_at >= $3 and occurred_at < $4
  and currency = $6 and kind in ('charge', 'refund') and amount_minor <> 0
group by 3, 4, 5, 6
on conflict (client_id, day, hour_at, agent_id, sector_id, channel) do update set
  orders = excluded.orders, refunds = excluded.refunds,
  gross_minor = excluded.gross_minor, refunded_minor = excluded.refunded_minor
