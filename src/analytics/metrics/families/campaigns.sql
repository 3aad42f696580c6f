-- What campaigns cost and whom they reached: one row per spend or touchpoint of one local day.
-- Reads campaign_spend by (client_id, spent_at), touchpoints by (client_id, touched_at), customers by their key.
select
  null::text as agent_id, null::text as sector_id, channel, campaign_id, null::text as provider_id, null::text as customer_role,
  null::text as location,
  case when currency = :currency then amount_minor end as spend_minor, impressions, clicks, contacted, responded, null::integer as touchpoints
from campaign_spend
where client_id = :client_id and spent_at >= :from and spent_at < :to and spend_fault(contacted, responded) is null
union all
select null, null, t.channel, t.campaign_id, null, c.role, null, null, null, null, null, null, 1
from touchpoints t left join customers c on c.client_id = t.client_id and c.id = t.customer_id
where t.client_id = :client_id and t.touched_at >= :from and t.touched_at < :to
