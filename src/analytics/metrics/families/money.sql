-- Money that moved and money that was spent: one row per payment or cost of one local day, with whom and what it
-- belongs to. Reads payments by (client_id, occurred_at), cost_analysis by (client_id, incurred_at), customers by their
-- key. A payment of nothing moves no money and is no order. Refunds, payouts and fees are zero or negative, as the
-- payments are.
select
  p.agent_id, p.sector_id, p.channel, p.campaign_id, p.provider_id, c.role as customer_role, p.country as location,
  case when p.kind = 'charge' then 1 end as orders,
  case when p.kind = 'refund' then 1 end as refunds,
  case when p.kind = 'charge' then p.amount_minor end as gross_minor,
  case when p.kind = 'refund' then p.amount_minor end as refunded_minor,
  case when p.kind = 'payout' then p.amount_minor end as payouts_minor,
  case when p.kind = 'fee' then p.amount_minor end as fees_minor,
  null::bigint as cost_labour_minor, null::bigint as cost_technology_minor,
  null::bigint as cost_infrastructure_minor, null::bigint as cost_training_minor
from payments p left join customers c on c.client_id = p.client_id and c.id = p.customer_id
where p.client_id = :client_id and p.occurred_at >= :from and p.occurred_at < :to and p.currency = :currency and p.amount_minor <> 0
union all
select
  agent_id, sector_id, channel, campaign_id, null, null, null,
  null, null, null, null, null, null,
  case when category = 'labour' then amount_minor end, case when category = 'technology' then amount_minor end,
  case when category = 'infrastructure' then amount_minor end, case when category = 'training' then amount_minor end
from cost_analysis
where client_id = :client_id and incurred_at >= :from and incurred_at < :to and currency = :currency
