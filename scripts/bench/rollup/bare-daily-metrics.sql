-- By hand: daily_metrics of one local day of all clients, by every dimension, from the facts. $1 day.
insert into bare_daily_metrics (
  client_id, dimension, day, member, offered, answered, abandoned, missed, answered_in_threshold, wait_answered_s, talk_s, hold_s, wrap_s,
  resolved, escalated, automated, csat_count, csat_sum, csat_satisfied, nps_count, nps_promoters, nps_detractors, reviews, quality_centi_sum,
  orders, refunds, gross_minor, refunded_minor, leads, deals_won, deals_won_minor, spend_minor, bookings, events, touchpoints
)
select
  client_id,
  case
    when grouping(agent_id) = 0 then 'agent' when grouping(sector_id) = 0 then 'sector' when grouping(channel) = 0 then 'channel'
    when grouping(campaign_id) = 0 then 'campaign' when grouping(provider_id) = 0 then 'provider' when grouping(role) = 0 then 'customer-role'
    when grouping(location) = 0 then 'location' else 'client'
  end,
  $1::date, coalesce(agent_id, sector_id, channel, campaign_id, provider_id, role, location, ''), sum(offered), sum(answered), sum(abandoned),
  sum(missed), sum(in_threshold), sum(wait_s), sum(talk_s), sum(hold_s), sum(wrap_s), sum(resolved), sum(escalated), sum(automated),
  sum(csat_count), sum(csat), sum(csat_satisfied), sum(nps_count), sum(nps_promoters), sum(nps_detractors), sum(reviews), sum(quality_centi),
  sum(orders), sum(refunds), sum(gross), sum(refunded), sum(leads), sum(deals_won), sum(won), sum(spend), sum(bookings), sum(events),
  sum(touchpoints)
from (
  select
    i.client_id, coalesce(agent_id, '') as agent_id, coalesce(sector_id, '') as sector_id, channel, coalesce(campaign_id, '') as campaign_id,
    '' as provider_id, coalesce(role, '') as role, coalesce(location, '') as location,
    (not (status = 'abandoned' and wait_s < 5))::integer as offered, (status = 'answered')::integer as answered,
    (status = 'abandoned' and wait_s >= 5)::integer as abandoned, (status = 'missed')::integer as missed,
    (status = 'answered' and wait_s <= 20)::integer as in_threshold, case when status = 'answered' then wait_s end as wait_s,
    case when status = 'answered' then talk_s end as talk_s, case when status = 'answered' then hold_s end as hold_s,
    case when status = 'answered' then wrap_s end as wrap_s, (status = 'answered' and resolved)::integer as resolved,
    (status = 'answered' and escalated)::integer as escalated, (status = 'answered' and automated)::integer as automated,
    0 as csat_count, 0 as csat, 0 as csat_satisfied, 0 as nps_count, 0 as nps_promoters, 0 as nps_detractors, 0 as reviews, 0 as quality_centi,
    0 as orders, 0 as refunds, 0::bigint as gross, 0::bigint as refunded, 0 as leads, 0 as deals_won, 0::bigint as won, 0::bigint as spend,
    0 as bookings, 0 as events, 0 as touchpoints
  from interactions i join clients c on c.id = i.client_id left join customers u on u.client_id = i.client_id and u.id = i.customer_id
  where started_at >= $1::date::timestamp at time zone c.time_zone and started_at < ($1::date + 1)::timestamp at time zone c.time_zone
  union all
  select
    s.client_id, coalesce(agent_id, ''), coalesce(sector_id, ''), channel, coalesce(campaign_id, ''), '', coalesce(role, ''), '', 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, (csat is not null)::integer, csat, (csat >= 4)::integer, (nps is not null)::integer, (nps >= 9)::integer,
    (nps <= 6)::integer, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
  from customer_satisfaction s join clients c on c.id = s.client_id left join customers u on u.client_id = s.client_id and u.id = s.customer_id
  where answered_at >= $1::date::timestamp at time zone c.time_zone and answered_at < ($1::date + 1)::timestamp at time zone c.time_zone
  union all
  select
    q.client_id, coalesce(agent_id, ''), coalesce(sector_id, ''), channel, '', '', '', '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
    round(overall * 100)::integer, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
  from call_quality_scores q join clients c on c.id = q.client_id
  where reviewed_at >= $1::date::timestamp at time zone c.time_zone and reviewed_at < ($1::date + 1)::timestamp at time zone c.time_zone
  union all
  select
    p.client_id, coalesce(agent_id, ''), coalesce(sector_id, ''), coalesce(channel, ''), coalesce(campaign_id, ''), coalesce(provider_id, ''),
    coalesce(role, ''), '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (kind = 'charge')::integer, (kind = 'refund')::integer,
    case when kind = 'charge' then amount_minor else 0 end, case when kind = 'refund' then amount_minor else 0 end, 0, 0, 0, 0, 0, 0, 0
  from payments p join clients c on c.id = p.client_id left join customers u on u.client_id = p.client_id and u.id = p.customer_id
  where occurred_at >= $1::date::timestamp at time zone c.time_zone and occurred_at < ($1::date + 1)::timestamp at time zone c.time_zone
  union all
  select
    d.client_id, coalesce(agent_id, ''), coalesce(sector_id, ''), coalesce(channel, ''), coalesce(campaign_id, ''), '', '', '', 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (state = 'won')::integer, case when state = 'won' then amount_minor else 0 end, 0, 0, 0, 0
  from deals d join clients c on c.id = d.client_id
  where closed_at >= $1::date::timestamp at time zone c.time_zone and closed_at < ($1::date + 1)::timestamp at time zone c.time_zone
  union all
  select
    l.client_id, coalesce(agent_id, ''), coalesce(sector_id, ''), coalesce(channel, ''), coalesce(campaign_id, ''), '', '', '', 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0
  from leads l join clients c on c.id = l.client_id
  where l.created_at >= $1::date::timestamp at time zone c.time_zone and l.created_at < ($1::date + 1)::timestamp at time zone c.time_zone
  union all
  select
    e.client_id, coalesce(agent_id, ''), '', coalesce(channel, ''), coalesce(campaign_id, ''), '', '', '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0
  from analytics_events e join clients c on c.id = e.client_id
  where occurred_at >= $1::date::timestamp at time zone c.time_zone and occurred_at < ($1::date + 1)::timestamp at time zone c.time_zone
  union all
  select
    t.client_id, '', '', coalesce(channel, ''), coalesce(campaign_id, ''), '', '', '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 1
  from touchpoints t join clients c on c.id = t.client_id
  where touched_at >= $1::date::timestamp at time zone c.time_zone and touched_at < ($1::date + 1)::timestamp at time zone c.time_zone
  union all
  select
    b.client_id, coalesce(agent_id, ''), coalesce(sector_id, ''), coalesce(channel, ''), '', coalesce(provider_id, ''), '', coalesce(location, ''),
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0
  from bookings b join clients c on c.id = b.client_id
  where starts_at >= $1::date::timestamp at time zone c.time_zone and starts_at < ($1::date + 1)::timestamp at time zone c.time_zone
  union all
  select
    s.client_id, '', '', coalesce(channel, ''), campaign_id, '', '', '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, amount_minor, 0, 0, 0
  from campaign_spend s join clients c on c.id = s.client_id
  where spent_at >= $1::date::timestamp at time zone c.time_zone and spent_at < ($1::date + 1)::timestamp at time zone c.time_zone
) facts
group by grouping sets (
  (client_id), (client_id, agent_id), (client_id, sector_id), (client_id, channel), (client_id, campaign_id), (client_id, provider_id),
  (client_id, role), (client_id, location)
)
