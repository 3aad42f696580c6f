-- daily_metrics from customer_satisfaction: the answers of each campaign and customer role on one local day.
-- Reads customer_satisfaction by (client_id, answered_at) and customers by their key. Sets, never adds: twice is the
-- same as once.
insert into daily_metrics (
  client_id, day, dimension, member,
  {satisfaction}
)
select
  :client_id, :day, case when grouping(campaign_id) = 0 then 'campaign' else 'customer-role' end, coalesce(campaign_id, customer_role),
  nullif(count(csat), 0), sum(csat), nullif(count(*) filter (where csat >= 4), 0),
  nullif(count(nps), 0), nullif(count(*) filter (where nps >= 9), 0), nullif(count(*) filter (where nps <= 6), 0),
  nullif(count(would_recommend), 0), nullif(count(*) filter (where would_recommend), 0)
from (
  select coalesce(s.campaign_id, '') as campaign_id, coalesce(c.role, '') as customer_role, s.csat, s.nps, s.would_recommend
  from customer_satisfaction s left join customers c on c.client_id = :client_id and c.id = s.customer_id
  where s.client_id = :client_id and s.answered_at >= :from and s.answered_at < :to
) answers
group by grouping sets (campaign_id, customer_role)
on conflict (client_id, dimension, day, member) do update set
  {satisfaction: # = excluded.#}
