-- The facts of one UTC day of many clients, all families: $1 clients, $2 contacts of each, $3 the day. The same every
-- time: chance is a hash. 50 agents in 5 sectors, 2,000 customers, 7 channels, 6 campaigns, 8 places, 20 topics; of 100
-- contacts 86 are answered, 10 lead to a payment, 10 to a survey, 10 to an event, 5 to a touchpoint, 2 are reviewed, 1
-- is a lead, one in 200 a deal, one in 100 a booking.
with pairs as materialized (
  select
    'client-' || lpad(c::text, 4, '0') as client_id, format('%s-%s', $3::date, lpad(n::text, 7, '0')) as id, n,
    abs(hashint8(c * 1000003::bigint + n + ($3::date - date '2000-01-01') * 7919::bigint)) as dice,
    abs(hashint8(c * 999983::bigint + n * 31 + ($3::date - date '2000-01-01') * 104729::bigint)) as more_dice
  from generate_series(0, $1::integer - 1) as c, generate_series(0, $2::integer - 1) as n
), contacts as materialized (
  select *,
    -- Two humps of a working day, as the sum of two dice gives them.
    $3::date::timestamp at time zone 'UTC' + make_interval(secs => 21600 + (dice % 21600) + (more_dice % 21600)) as at,
    'agent-' || dice / 7 % 50 as agent_id, 'sector-' || dice / 7 % 5 as sector_id, 'customer-' || more_dice / 11 % 2000 as customer_id,
    (array['voice', 'voice', 'voice', 'voice', 'whatsapp', 'web', 'email', 'sms', 'instagram', 'messenger'])[1 + dice / 13 % 10] as channel,
    'campaign-' || dice / 17 % 6 as campaign_id, 'place-' || dice / 19 % 8 as location, more_dice / 23 % 100 as chance
  from pairs
), interactions_in as (
  insert into interactions (
    client_id, id, started_at, channel, status, agent_id, sector_id, customer_id, topic, wait_s, talk_s, hold_s, wrap_s, resolved, escalated,
    automated, answered_at, ended_at, sentiment, campaign_id, location, messages_in, messages_out
  )
  select
    client_id, id, at, channel, case when chance < 86 then 'answered' when chance < 96 then 'abandoned' else 'missed' end,
    case when chance < 86 then agent_id end, sector_id, customer_id, 'topic-' || dice / 29 % 20, dice % 60,
    case when chance < 86 then 60 + more_dice % 500 else 0 end, case when chance < 20 then dice % 90 else 0 end,
    case when chance < 86 then dice % 120 else 0 end, chance < 70, chance < 5, dice % 10 = 0,
    case when chance < 86 then at + make_interval(secs => dice % 60) end,
    case when chance < 86 then at + make_interval(secs => dice % 60 + 60 + more_dice % 500 + 90) end,
    (dice % 200 - 100) / 100.0, case when chance < 10 then campaign_id end, case when chance < 50 then location end, dice % 4, more_dice % 4
  from contacts
), surveys_in as (
  insert into customer_satisfaction (client_id, id, answered_at, interaction_id, customer_id, agent_id, sector_id, channel, csat, nps)
  select client_id, id, at + interval '20 minutes', id, customer_id, agent_id, sector_id, channel, 1 + dice % 5, dice % 11
  from contacts where chance between 0 and 9
), payments_in as (
  insert into payments (client_id, id, occurred_at, kind, amount_minor, currency, customer_id, agent_id, sector_id, channel, country, campaign_id)
  select
    client_id, id, at, case when dice % 20 = 0 then 'refund' else 'charge' end,
    case when dice % 20 = 0 then -1 else 1 end * (500 + dice % 20000), 'EUR', customer_id, agent_id, sector_id, channel,
    (array['DE', 'FR', 'NP'])[1 + dice % 3], case when dice % 3 = 0 then campaign_id end
  from contacts where chance between 10 and 19
), reviews_in as (
  insert into call_quality_scores (
    client_id, id, reviewed_at, interaction_id, agent_id, sector_id, channel, professionalism, empathy, resolution, clarity, responsiveness, overall
  )
  select client_id, id, at, id, agent_id, sector_id, channel, 1 + dice % 5, 1 + dice % 5, 1 + dice % 5, 1 + dice % 5, 1 + dice % 5, dice % 101
  from contacts where chance between 20 and 21
), events_in as (
  insert into analytics_events (client_id, id, occurred_at, name, customer_id, channel)
  select client_id, id, at, 'visit', customer_id, channel from contacts where chance between 30 and 39
), touchpoints_in as (
  insert into touchpoints (client_id, id, touched_at, customer_id, campaign_id, channel, kind)
  select client_id, id, at, customer_id, campaign_id, channel, 'ad' from contacts where chance between 40 and 44
), leads_in as (
  insert into leads (client_id, id, created_at, customer_id, agent_id, sector_id, campaign_id, channel, value_minor, currency)
  select client_id, id, at, customer_id, agent_id, sector_id, campaign_id, channel, dice % 100000, 'EUR' from contacts where chance = 50
), deals_in as (
  insert into deals (client_id, id, opened_at, closed_at, state, amount_minor, currency, customer_id, agent_id, sector_id, campaign_id, channel)
  select
    client_id, id, at - interval '10 days', at, case when dice % 3 = 0 then 'won' else 'lost' end, dice % 100000, 'EUR', customer_id, agent_id,
    sector_id, campaign_id, channel
  from contacts where chance = 51 and more_dice % 2 = 0
), bookings_in as (
  insert into bookings (client_id, id, starts_at, ends_at, state, customer_id, provider_id, agent_id, sector_id, channel)
  select
    client_id, id, at, at + interval '45 minutes', (array['completed', 'completed', 'completed', 'no-show', 'cancelled'])[1 + dice % 5],
    customer_id, 'provider-' || dice % 20, agent_id, sector_id, channel
  from contacts where chance = 52
), costs_in as (
  insert into cost_analysis (client_id, id, incurred_at, category, amount_minor, currency, sector_id)
  select client_id, id, at, (array['labour', 'technology', 'infrastructure', 'training'])[1 + n % 4], 10000 + dice % 9000, 'EUR', sector_id
  from contacts where n < 8
), spend_in as (
  insert into campaign_spend (client_id, id, spent_at, campaign_id, amount_minor, currency, impressions, clicks, contacted, responded)
  select client_id, id, at, 'campaign-' || n, 5000 + dice % 9000, 'EUR', dice % 9000, dice % 300, 100 + dice % 50, dice % 50
  from contacts where n < 6
), statuses_in as (
  insert into agent_status_changes (client_id, id, changed_at, agent_id, sector_id, status)
  select
    client_id, id, $3::date::timestamp at time zone 'UTC' + interval '6 hours' + make_interval(mins => n / 50 * 30), 'agent-' || n % 50,
    'sector-' || n % 5, (array['available', 'handling', 'handling', 'break'])[1 + dice % 4]
  from contacts where n < 1000
)
select count(*) as contacts from contacts
