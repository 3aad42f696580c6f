-- By hand: agent_metrics of one local day of all clients. $1 day.
insert into bare_agent_metrics (
  client_id, day, hour_at, agent_id, sector_id, channel, offered, answered, abandoned, short_abandoned, missed, answered_in_threshold,
  wait_answered_s, talk_s, hold_s, wrap_s, resolved, resolved_first, escalated, automated, sentiment_count, sentiment_milli_sum, messages_in,
  messages_out, csat_count, csat_sum, csat_satisfied, nps_count, nps_promoters, nps_detractors, reviews, quality_centi_sum, orders, refunds,
  gross_minor, refunded_minor
)
select
  client_id, $1::date, hour_at, agent_id, sector_id, channel, sum(offered), sum(answered), sum(abandoned), sum(short_abandoned), sum(missed),
  sum(in_threshold), sum(wait_s), sum(talk_s), sum(hold_s), sum(wrap_s), sum(resolved), sum(resolved_first), sum(escalated), sum(automated),
  sum(sentiment_count), sum(sentiment_milli), sum(messages_in), sum(messages_out), sum(csat_count), sum(csat_sum), sum(csat_satisfied),
  sum(nps_count), sum(nps_promoters), sum(nps_detractors), sum(reviews), sum(quality_centi), sum(orders), sum(refunds), sum(gross), sum(refunded)
from (
  select
    client_id, date_trunc('hour', started_at, time_zone) as hour_at, coalesce(agent_id, '') as agent_id, coalesce(sector_id, '') as sector_id,
    channel,
    count(*) filter (where not is_short) as offered, count(*) filter (where status = 'answered') as answered,
    count(*) filter (where status = 'abandoned' and not is_short) as abandoned, count(*) filter (where is_short) as short_abandoned,
    count(*) filter (where status = 'missed') as missed, count(*) filter (where status = 'answered' and wait_s <= 20) as in_threshold,
    coalesce(sum(wait_s) filter (where status = 'answered'), 0) as wait_s, coalesce(sum(talk_s) filter (where status = 'answered'), 0) as talk_s,
    coalesce(sum(hold_s) filter (where status = 'answered'), 0) as hold_s, coalesce(sum(wrap_s) filter (where status = 'answered'), 0) as wrap_s,
    count(*) filter (where status = 'answered' and resolved) as resolved,
    count(*) filter (where status = 'answered' and resolved and not repeated) as resolved_first,
    count(*) filter (where status = 'answered' and escalated) as escalated, count(*) filter (where status = 'answered' and automated) as automated,
    count(sentiment) as sentiment_count, coalesce(sum(round(sentiment * 1000)), 0) as sentiment_milli, sum(messages_in) as messages_in,
    sum(messages_out) as messages_out, 0 as csat_count, 0 as csat_sum, 0 as csat_satisfied, 0 as nps_count, 0 as nps_promoters,
    0 as nps_detractors, 0 as reviews, 0 as quality_centi, 0 as orders, 0 as refunds, 0 as gross, 0 as refunded
  from (
    select i.*, c.time_zone, status = 'abandoned' and wait_s < 5 as is_short,
      count(*) over (
        partition by i.client_id, customer_id, topic order by started_at
        range between interval '1 microsecond' following and interval '168 hours' following
      ) > 0 as repeated
    from interactions i join clients c on c.id = i.client_id
    where started_at >= $1::date::timestamp at time zone c.time_zone and started_at < ($1::date + 1)::timestamp at time zone c.time_zone
  ) contacts
  group by 1, 2, 3, 4, 5
  union all
  select
    client_id, date_trunc('hour', answered_at, c.time_zone), coalesce(agent_id, ''), coalesce(sector_id, ''), channel,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, count(csat), coalesce(sum(csat), 0), count(*) filter (where csat >= 4), count(nps),
    count(*) filter (where nps >= 9), count(*) filter (where nps <= 6), 0, 0, 0, 0, 0, 0
  from customer_satisfaction s join clients c on c.id = s.client_id
  where answered_at >= $1::date::timestamp at time zone c.time_zone and answered_at < ($1::date + 1)::timestamp at time zone c.time_zone
  group by 1, 2, 3, 4, 5
  union all
  select
    client_id, date_trunc('hour', reviewed_at, c.time_zone), coalesce(agent_id, ''), coalesce(sector_id, ''), channel,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, count(*), sum(round(overall * 100)), 0, 0, 0, 0
  from call_quality_scores q join clients c on c.id = q.client_id
  where reviewed_at >= $1::date::timestamp at time zone c.time_zone and reviewed_at < ($1::date + 1)::timestamp at time zone c.time_zone
  group by 1, 2, 3, 4, 5
  union all
  select
    client_id, date_trunc('hour', occurred_at, c.time_zone), coalesce(agent_id, ''), coalesce(sector_id, ''), coalesce(channel, ''),
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, count(*) filter (where kind = 'charge'),
    count(*) filter (where kind = 'refund'), coalesce(sum(amount_minor) filter (where kind = 'charge'), 0),
    coalesce(sum(amount_minor) filter (where kind = 'refund'), 0)
  from payments p join clients c on c.id = p.client_id
  where occurred_at >= $1::date::timestamp at time zone c.time_zone and occurred_at < ($1::date + 1)::timestamp at time zone c.time_zone
    and p.currency = c.currency and amount_minor <> 0
  group by 1, 2, 3, 4, 5
) parts
group by 1, 3, 4, 5, 6
