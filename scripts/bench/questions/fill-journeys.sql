-- The facts of 90 days that funnels and attribution read: a visit of each of 100,000 customers, of some a sign-up and a
-- payment after it, and three touchpoints before. $1 client, $2 first day. The numbers depend on the key only.
with people as materialized (
  select 'customer-' || n as customer_id, n, abs(hashint4(n * 7)) as seed,
    $2::date::timestamp at time zone 'UTC' + make_interval(secs => abs(hashint4(n * 13)) % (85 * 86400)) as at
  from generate_series(1, 100000) as n
), events as (
  insert into analytics_events (client_id, id, occurred_at, name, customer_id, channel)
  select $1, 'visit-' || n, at, 'visit', customer_id, 'web' from people
  union all
  select $1, 'sign-' || n, at + interval '5 minutes', 'sign-up', customer_id, 'web' from people where seed % 3 = 0
), touches as (
  insert into touchpoints (client_id, id, touched_at, customer_id, campaign_id, channel, kind)
  select $1, format('touch-%s-%s', n, k), at - make_interval(hours => k * (1 + seed % 40)), customer_id, 'campaign-' || (seed + k) % 20, 'web', 'ad'
  from people, generate_series(1, 3) as k
)
insert into payments (client_id, id, occurred_at, kind, amount_minor, currency, customer_id)
select $1, 'payment-' || n, at + interval '1 hour', 'charge', 1000 + seed % 9000, 'EUR', customer_id from people where seed % 6 = 0
