-- customer_tiers as of one local day: one open row per customer, its tier, and since when. The rules are told in
-- tiers.ts. $1 client, $2 day, $3 new days, $4 silent days, $5 look-back days, $6 regular times, $7 high-value quantile
-- Reads customer_metrics of the client by (client_id, day). A customer whose tier has not changed keeps its row; one
-- whose tier has changed leaves the old tier on the day and enters the new one. What an earlier run of the same day
-- wrote was undone first (refresh-tiers.ts), so twice is the same as once.
with dealings as (
  select
    customer_id,
    $2::date - min(day) as known_days,
    $2::date - max(day) filter (where contacts + orders > 0) as silent_days,
    coalesce(sum(contacts + orders) filter (where day > $2::date - $5::integer), 0) as times,
    coalesce(sum(gross_minor + refunded_minor) filter (where day > $2::date - $5::integer), 0) as net_minor
  from customer_metrics
  where client_id = $1 and day <= $2::date and customer_id <> ''
  group by customer_id
), bar as (
  select percentile_cont($7::double precision) within group (order by net_minor::double precision) as net_minor
  from dealings where net_minor > 0
), judged as (
  select
    d.customer_id, d.known_days, d.silent_days,
    d.times >= $6::integer as is_regular,
    d.net_minor > 0 and d.net_minor > bar.net_minor as is_high_value
  from dealings d cross join bar
), tiers as (
  select
    customer_id,
    case
      when known_days < $3::integer then 'new'
      when (is_high_value or is_regular) and coalesce(silent_days, known_days) >= $4::integer then 'at-risk'
      when is_high_value then 'high-value'
      when is_regular then 'regular'
      else 'occasional'
    end as tier
  from judged
), changed as (
  -- tier is null where nothing is known of the customer any more.
  select customer_id, t.tier
  from tiers t
  full join (
    select customer_id, tier from customer_tiers where client_id = $1 and left_on is null
  ) o using (customer_id)
  where o.tier is distinct from t.tier
), closed as (
  update customer_tiers o set left_on = $2::date
  from changed c
  where o.client_id = $1 and o.customer_id = c.customer_id and o.left_on is null
  returning o.customer_id
), entered as (
  -- Joined to what was closed, so that a customer's old row is closed before its new one is opened.
  insert into customer_tiers (client_id, customer_id, tier, entered_on)
  select $1, c.customer_id, c.tier, $2::date
  from changed c left join closed using (customer_id)
  where c.tier is not null
)
select (select count(*) from tiers) as customers, (select count(*) from changed) as changed
