-- How far each customer came through ordered steps: one row per step for all, and one per step and group where it is split.
-- $1 client, $2 from, $3 to (half-open instants in which the first step is taken), $4 hours a customer has for all steps after it,
-- $5 steps: [{ step, kind, name, property_key, property_value }], $6 what to split by: none, role, channel, campaign
-- Reads each kind of fact the steps name by (client_id, its time); of leads and bookings the client's own rows. Writes nothing.
--
-- chain of a hit: its own instant, then that of the first hit of the next step strictly later, and so on: what a customer who took the
-- step then did next, whatever the limit. It is made from the last step backwards, one level of the recursion a step. A customer's
-- journey is the one of the entry whose chain, cut at the limit, is longest; of several such entries the earliest.
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
    select customer_id, channel, 'scheduled' as state, coalesce(booked_at, starts_at) as at from bookings where client_id = $1
    union all
    select customer_id, channel, state,
      case state when 'completed' then ends_at when 'cancelled' then coalesce(cancelled_at, starts_at) else starts_at end
    from bookings where client_id = $1 and state in ('completed', 'no-show', 'cancelled')
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
), walked (customer_id, step, at, channel, campaign, level, chain) as (
  select f.customer_id, f.step, f.at, f.channel, f.campaign, last.step, case when f.step = last.step then array[f.at] end
  from facts f cross join (select max(step) as step from steps) last
  where f.customer_id <> '' and (f.step > 1 or f.at < $3)
  union all
  select customer_id, step, at, channel, campaign, level - 1, chain
  from (
    select
      customer_id, step, at, channel, campaign, level,
      -- From the latest to the earliest, so that the frame only grows. The smallest chain is the one that begins first.
      case when step = level - 1 then
        array[at] || min(chain) filter (where step = level) over (
          partition by customer_id order by at desc
          range between unbounded preceding and interval '1 microsecond' preceding
        )
      end as chain
    from walked
  ) longer
  where step < level
), entries as (
  select
    customer_id, at, channel, campaign, chain,
    (select count(*) from unnest(chain) as reached (at) where reached.at < w.at + make_interval(hours => $4)) as steps_taken
  from walked w
  where level = 1
), journeys as (
  select distinct on (customer_id) customer_id, channel, campaign, chain[1:steps_taken] as chain
  from entries
  order by customer_id, steps_taken desc, at, channel, campaign
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
