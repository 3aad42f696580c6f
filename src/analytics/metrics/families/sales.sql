-- Leads, their changes of stage, and deals: one row per fact of one local day. A deal is opened on one day and closed
-- on another. Reads leads by (client_id, created_at), lead_stage_changes by (client_id, changed_at), deals by
-- (client_id, opened_at) and (client_id, closed_at), customers by their key.
-- A lead counts whatever its currency, its value only in the client's; a deal in another currency counts nowhere, so
-- that wins, their amounts and their average are of the same deals. A cycle is counted in the client's days, of deals
-- that were won.
select
  f.agent_id, f.sector_id, f.channel, f.campaign_id, null::text as provider_id, c.role as customer_role, f.location,
  leads, leads_minor, stage_changes, deals_opened, deals_opened_minor, deals_won, deals_won_minor, deals_lost, deals_lost_minor,
  cycle_days as cycle_days_sum, case when cycle_days is not null then 1 end as cycle_count
from (
  select
    agent_id, sector_id, channel, campaign_id, customer_id, location,
    1 as leads, case when currency = :currency then value_minor end as leads_minor, null::integer as stage_changes,
    null::integer as deals_opened, null::bigint as deals_opened_minor, null::integer as deals_won, null::bigint as deals_won_minor,
    null::integer as deals_lost, null::bigint as deals_lost_minor, null::integer as cycle_days
  from leads
  where client_id = :client_id and created_at >= :from and created_at < :to
  union all
  select agent_id, null, null, null, customer_id, null, null, null, 1, null, null, null, null, null, null, null
  from lead_stage_changes
  where client_id = :client_id and changed_at >= :from and changed_at < :to
  union all
  select
    agent_id, sector_id, channel, campaign_id, customer_id, null, null, null, null, 1, amount_minor, null, null, null, null, null
  from deals
  where client_id = :client_id and opened_at >= :from and opened_at < :to and currency = :currency and deal_fault(opened_at, closed_at) is null
  union all
  select
    agent_id, sector_id, channel, campaign_id, customer_id, null, null, null, null, null, null,
    case when state = 'won' then 1 end, case when state = 'won' then amount_minor end,
    case when state = 'lost' then 1 end, case when state = 'lost' then amount_minor end,
    case when state = 'won' then (closed_at at time zone :time_zone)::date - (opened_at at time zone :time_zone)::date end
  from deals
  where client_id = :client_id and closed_at >= :from and closed_at < :to and currency = :currency and deal_fault(opened_at, closed_at) is null
) f left join customers c on c.client_id = :client_id and c.id = f.customer_id
