-- What visitors did, and who came for the first time: one row per event or new customer of one local day.
-- Reads analytics_events by (client_id, occurred_at) and customers by (client_id, first_contact_at) and by their key.
select
  e.agent_id, null::text as sector_id, e.channel, e.campaign_id, null::text as provider_id, c.role as customer_role,
  null::text as location, 1 as events, null::integer as customers_new
from analytics_events e left join customers c on c.client_id = e.client_id and c.id = e.customer_id
where e.client_id = :client_id and e.occurred_at >= :from and e.occurred_at < :to
union all
select null, null, null, null, null, role, country, null, 1
from customers
where client_id = :client_id and first_contact_at >= :from and first_contact_at < :to
