-- How far each customer came through ordered steps: one row per step for all, and one per step and group where it is
-- split. $1 client, $2 from, $3 to (half-open instants in which the first step is taken), $4 hours a customer has for
-- all steps after it, $5 steps: [{ step, kind, name, property_key, property_value }], $6 what to split by: none, role,
-- channel, campaign Reads each kind of fact the steps name by (client_id, its time); of leads and bookings the client's
-- own rows. Writes nothing. Facts that contradict themselves are left out, as they are of every sum.
--
-- From every entry the chain of steps is walked: each next instant is the first of the next step that is strictly
-- later, and before the limit. A customer's journey is the longest chain, of several the one that was entered first.
with recursive steps as (
  select step, kind, name, property_key, property_value
  from jsonb_to_recordset($5::jsonb)
    as s (step integer, kind text, name text, property_key text, property_value text)
), facts as (
  select e.customer_id, s.step, e.occurred_at as at, coalesce(e.channel, '') as channel, coalesce(e.campaign_id, '') as campaign
  from analytics_events e
  join steps s on s.kind = 'event' and s.name = e.name
    and (s.property_key is null or e.properties ->> s.property_key = s.property_value)
  where e.client_id = $1 and e.occurred_at >= $2 and e.occurred_at < $3::timestamptz + make_interval(hours => $4)
    and exists (select from steps where kind = 'event')
  union all
  select i.customer_id, s.step, i.started_at, i.channel, coalesce(i.campaign_id, '')
  from interactions i
  join steps s on s.kind = 'interaction' and (s.name is null or s.name = i.channel)
  where i.client_id = $1 and i.started_at >= $2 and i.started_at < $3::timestamptz + make_interval(hours => $4)
    and exists (select from steps where kind = 'interaction')
    and interaction_fault(i.started_at, i.answered_at, i.ended_at, i.talk_s, i.hold_s) is null
  union all
  select coalesce(c.customer_id, l.customer_id), s.step, c.changed_at, coalesce(l.channel, ''), coalesce(l.campaign_id, '')
  from lead_stage_changes c
  join steps s on s.kind = 'lead-stage' and s.name = c.to_stage
  left join leads l on l.client_id = c.client_id and l.id = c.lead_id
  where c.client_id = $1 and c.changed_at >= $2 and c.changed_at < $3::timestamptz + make_interval(hours => $4)
    and exists (select from steps where kind = 'lead-stage')
  union all
  select l.customer_id, s.step, l.created_at, coalesce(l.channel, ''), coalesce(l.campaign_id, '')
  from leads l
  join steps s on s.kind = 'lead-stage' and s.name = 'new'
  where l.client_id = $1 and l.created_at >= $2 and l.created_at < $3::timestamptz + make_interval(hours => $4)
    and exists (select from steps where kind = 'lead-stage' and name = 'new')
  union all
  select b.customer_id, s.step, b.at, coalesce(b.channel, ''), ''
  from (
    select customer_id, channel, 'scheduled' as state, coalesce(booked_at, starts_at) as at
    from bookings where client_id = $1 and booking_fault(starts_at, ends_at) is null
    union all
    select customer_id, channel, state,
      case state when 'completed' then ends_at when 'cancelled' then coalesce(cancelled_at, starts_at) else starts_at end
    from bookings
    where client_id = $1 and state in ('completed', 'no-show', 'cancelled') and booking_fault(starts_at, ends_at) is null
  ) b
  join steps s on s.kind = 'booking' and s.name = b.state
  where b.at >= $2 and b.at < $3::timestamptz + make_interval(hours => $4)
    and exists (select from steps where kind = 'booking')
  union all
  select p.customer_id, s.step, p.occurred_at, coalesce(p.channel, ''), coalesce(p.campaign_id, '')
  from payments p
  join steps s on s.kind = 'payment'
  where p.client_id = $1 and p.occurred_at >= $2 and p.occurred_at < $3::timestamptz + make_interval(hours => $4)
    and p.kind = 'charge' and p.amount_minor > 0
    and exists (select from steps where kind = 'payment')
), later_steps as materialized (
  select customer_id, step, array_agg(at order by at) as instants
  from facts
  where step > 1 and customer_id <> ''
  group by customer_id, step
), walked (customer_id, entered_at, channel, campaign, step, chain) as (
  select distinct customer_id, at, channel, campaign, 1, array[at]
  from facts
  where step = 1 and customer_id <> '' and at < $3
  union all
  select w.customer_id, w.entered_at, w.channel, w.campaign, w.step + 1, w.chain || next.at
  from walked w
  join later_steps l on l.customer_id = w.customer_id and l.step = w.step + 1
  -- width_bucket: how many of the instants are not later than the step before.
  cross join lateral (select l.instants[width_bucket(w.chain[w.step], l.instants) + 1] as at) next
  where next.at < w.entered_at + make_interval(hours => $4)
), journeys as (
  select distinct on (customer_id) customer_id, channel, campaign, chain
  from walked
  order by customer_id, step desc, entered_at, channel, campaign
), grouped as (
  select
    j.chain,
    case $6 when 'role' then coalesce(c.role, '') when 'channel' then j.channel when 'campaign' then j.campaign end as group_key
  from journeys j
  left join customers c on c.client_id = $1 and c.id = j.customer_id
)
select
  grouping(group_key) = 1 as is_total, coalesce(group_key, '') as group_key, step, count(*) as customers,
  percentile_cont(0.5) within group (order by extract(epoch from chain[step + 1] - chain[step])::double precision) as median_next_s
from grouped cross join lateral generate_series(1, cardinality(chain)) as step
group by grouping sets ((step), (group_key, step))
having grouping(group_key) = 1 or $6 <> 'none'
order by 1 desc, 2, 3
