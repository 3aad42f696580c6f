-- What changed, by the end of each window, for the customers who paid at its beginning: one row per window, in their
-- order. $1 client, $2 the client's currency, the only one counted, $3 and $4 the instants at which the windows begin
-- and end Reads only customers of whom a subscription began or ended within a window: by (client_id, starts_at),
-- (client_id, ends_at) and (client_id, customer_id, starts_at). A run rate at an instant is that of the last moment
-- before it, as in families/subscriptions.sql.
with windows as materialized (
  select n, from_at, to_at from unnest($3::timestamptz[], $4::timestamptz[]) with ordinality as w (from_at, to_at, n)
), touched as (
  select w.n, s.customer_id
  from windows w join subscriptions s on s.starts_at >= w.from_at and s.starts_at < w.to_at
  where s.client_id = $1 and s.currency = $2
  union
  select w.n, s.customer_id
  from windows w join subscriptions s on s.ends_at >= w.from_at and s.ends_at < w.to_at
  where s.client_id = $1 and s.currency = $2
), rates as (
  select
    w.n,
    coalesce(sum(s.mrr_minor) filter (where s.starts_at < w.from_at and (s.ends_at is null or s.ends_at >= w.from_at)), 0) as began,
    coalesce(sum(s.mrr_minor) filter (where s.starts_at < w.to_at and (s.ends_at is null or s.ends_at >= w.to_at)), 0) as ended
  from touched join windows w using (n) join subscriptions s using (customer_id)
  where s.client_id = $1 and s.currency = $2
  group by w.n, customer_id
)
select
  count(*) filter (where r.ended = 0 and r.began > 0) as lost,
  coalesce(sum(r.ended - r.began), 0)::bigint as "changeMinor",
  coalesce(sum(greatest(r.began - r.ended, 0)), 0)::bigint as "lostMinor"
from windows w left join rates r on r.n = w.n and r.began > 0
group by w.n
order by w.n
