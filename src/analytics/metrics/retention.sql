-- Of the customers who paid at the beginning of each window, what became of them by its end: one row per window, in their order.
-- $1 client, $2 the client's currency, the only one counted, $3 and $4 the instants at which the windows begin and end
-- Reads subscriptions of the client once for every instant. A run rate at an instant is that of the last moment before it, as in
-- families/subscriptions.sql, so that what this says is the same as what movements add up to.
with windows as (
  select n, from_at, to_at from unnest($3::timestamptz[], $4::timestamptz[]) with ordinality as w (from_at, to_at, n)
), rates as materialized (
  select e.at, s.customer_id, sum(s.mrr_minor) as rate
  from (select from_at as at from windows union select to_at from windows) e
  join subscriptions s on s.starts_at < e.at and (s.ends_at is null or s.ends_at >= e.at)
  where s.client_id = $1 and s.currency = $2 and s.mrr_minor > 0
  group by e.at, s.customer_id
)
select
  count(b.customer_id) as subscribers,
  count(b.customer_id) filter (where e.rate is null) as lost,
  coalesce(sum(b.rate), 0)::bigint as "startMinor",
  coalesce(sum(e.rate), 0)::bigint as "endMinor",
  coalesce(sum(greatest(b.rate - coalesce(e.rate, 0), 0)), 0)::bigint as "lostMinor"
from windows w
left join rates b on b.at = w.from_at
left join rates e on e.at = w.to_at and e.customer_id = b.customer_id
group by w.n
order by w.n
