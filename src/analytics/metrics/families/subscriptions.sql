-- What became of the run rate of each customer on one local day: one row per customer of whom a subscription began or
-- ended on it. Reads subscriptions by (client_id, starts_at), (client_id, ends_at) and, for those customers,
-- (client_id, customer_id, starts_at). The run rate at an edge is that of the last instant before it: what begins or
-- ends at midnight sharp belongs to the day that begins. So whatever a customer does within a day, the day's end minus
-- its beginning is one movement, and movements add up to the run rate.
with touched as (
  select customer_id from subscriptions
  where client_id = :client_id and starts_at >= :from and starts_at < :to and currency = :currency
  union
  select customer_id from subscriptions
  where client_id = :client_id and ends_at >= :from and ends_at < :to and currency = :currency
), rates as (
  select
    s.customer_id,
    coalesce(sum(s.mrr_minor) filter (where s.starts_at < :from and (s.ends_at is null or s.ends_at >= :from)), 0) as before,
    coalesce(sum(s.mrr_minor) filter (where s.starts_at < :to and (s.ends_at is null or s.ends_at >= :to)), 0) as after
  from touched join subscriptions s using (customer_id)
  where s.client_id = :client_id and s.currency = :currency and s.starts_at < :to and (s.ends_at is null or s.ends_at >= :from)
  group by s.customer_id
)
select
  null::text as agent_id, null::text as sector_id, null::text as channel, null::text as campaign_id, null::text as provider_id,
  c.role as customer_role, null::text as location,
  case when before = 0 then after end as mrr_new_minor,
  case when before > 0 and after > before then after - before end as mrr_expansion_minor,
  case when after > 0 and after < before then before - after end as mrr_contraction_minor,
  case when after = 0 then before end as mrr_churned_minor,
  case when before = 0 then 1 end as subscribers_new,
  case when after = 0 then 1 end as subscribers_churned
from rates left join customers c on c.client_id = :client_id and c.id = rates.customer_id
where before <> after
