-- What interactions say of one local day, read once: agent_metrics (a row per local hour, agent, sector and channel),
-- daily_metrics of campaigns, customer roles and locations, and metric_histograms of the client, its agents, sectors
-- and channels. Reads interactions by (client_id, started_at), customers and agents by their keys. The day's rows were
-- deleted in the same transaction, so twice is the same as once. Contacts that contradict themselves are noted in
-- quarantined_facts and counted nowhere. Repeated: the same customer came again on the same topic within 168 hours, the
-- last instant included; a topic that nobody noted is a topic, and whoever comes again on the same day is within them.
-- repeated_contacts keeps who was, and by which day, for recount-repeats.sql. Lists in braces are the family's
-- components, written out by family.ts. An assistant's contact is an automated one, or one whose agent is an assistant.
-- A sentiment beyond ±0.2 is positive or negative.
with facts as materialized (
  select
    *, case when answered and customer_id is not null then first_value(started_at) over (
      partition by customer_id, subject, sound order by started_at
      range between interval '1 microsecond' following and repeat_window() following
    ) end as repeated_at
  from (
    select
      *, coalesce(' ' || topic, '') collate "C" as subject, status = 'answered' as answered,
      interaction_fault(started_at, answered_at, ended_at, talk_s, hold_s) is null as sound
    from interactions
    where client_id = :client_id and started_at >= :from and started_at < :to
    union all
    -- Of the days after it only who may have come again. "is true" has them looked up in a hash, however few the
    -- planner expects; on the night after the day hardly anybody is.
    select
      *, coalesce(' ' || topic, '') collate "C", status = 'answered',
      interaction_fault(started_at, answered_at, ended_at, talk_s, hold_s) is null
    from interactions
    where client_id = :client_id and started_at >= :to and started_at < :to + repeat_window()
      and (customer_id in (
        select customer_id from interactions
        where client_id = :client_id and started_at >= :from and started_at < :to and customer_id is not null
      )) is true
  ) with_later
), contacts as materialized (
  select
    f.id,
    -- Hours of whole days of hours are counted off from midnight, which is much faster; only Lord Howe has others.
    case
      when extract(epoch from :to - :from)::integer % 3600 = 0 then date_bin('1 hour', f.started_at, :from)
      else date_trunc('hour', f.started_at, :time_zone)
    end as hour_at,
    coalesce(f.agent_id, '') as agent_id, coalesce(f.sector_id, '') as sector_id, f.channel,
    coalesce(f.campaign_id, '') as campaign_id, coalesce(c.role, '') as customer_role, coalesce(f.location, '') as location,
    (not s.short)::integer as offered, f.answered::integer as answered,
    (f.status = 'abandoned' and not s.short)::integer as abandoned, s.short::integer as short_abandoned,
    (f.status = 'missed')::integer as missed, (f.answered and f.wait_s <= :service_level_s)::integer as answered_in_threshold,
    case when f.answered then f.wait_s else 0 end as wait_answered_s, case when f.answered then f.talk_s else 0 end as talk_s,
    case when f.answered then f.hold_s else 0 end as hold_s, case when f.answered then f.wrap_s else 0 end as wrap_s,
    (f.answered and f.resolved)::integer as resolved, (f.answered and f.resolved and f.repeated_at is null)::integer as resolved_first,
    case when f.repeated_at is not null then 1 end as repeats, (f.answered and f.escalated)::integer as escalated,
    (f.answered and f.automated)::integer as automated, case when s.assisted then 1 end as assistant_contacts,
    case when s.assisted and f.resolved and not f.escalated then 1 end as automated_resolved,
    case when f.answered then nullif(f.messages_in, 0) end as messages_in,
    case when f.answered then nullif(f.messages_out, 0) end as messages_out,
    case when f.answered and f.sentiment is not null then 1 end as sentiment_count,
    case when f.answered then (f.sentiment * 1000)::integer end as sentiment_milli_sum,
    case when f.answered and f.sentiment > 0.2::real then 1 end as sentiment_positive,
    case when f.answered and f.sentiment < -0.2::real then 1 end as sentiment_negative,
    case when f.answered and (f.conversion_type is not null or f.conversion_value_minor is not null) then 1 end as conversions,
    case when f.answered then f.conversion_value_minor end as conversion_minor,
    case when f.answered and f.follow_up_at is not null then 1 end as follow_ups
  from facts f
  left join customers c on c.client_id = :client_id and c.id = f.customer_id
  cross join lateral (
    select
      f.status = 'abandoned' and coalesce(f.wait_s < :short_abandon_s, false) as short,
      f.answered and (
        f.automated or coalesce(f.agent_id in (select id from agents where client_id = :client_id and kind = 'assistant'), false)
      ) as assisted
  ) s
  where f.sound and f.started_at < :to
), noted as (
  insert into quarantined_facts (client_id, day, fact_table, fact_id, reason)
  select :client_id, :day, 'interactions', id, interaction_fault(started_at, answered_at, ended_at, talk_s, hold_s)
  from facts
  where not sound and started_at < :to
  -- A contact may be on the day twice, at two instants.
  on conflict (client_id, day, fact_table, fact_id) do nothing
), remembered as (
  insert into repeated_contacts (client_id, day, id, started_at, by_day)
  select :client_id, :day, id, started_at, (repeated_at at time zone :time_zone)::date
  from facts
  where sound and repeated_at is not null and started_at < :to
), hours as (
  insert into agent_metrics (
    client_id, day, hour_at, agent_id, sector_id, channel,
    {contacts}
  )
  select
    :client_id, :day, hour_at, agent_id, sector_id, channel,
    {contacts: sum(#)}
  from contacts
  group by hour_at, agent_id, sector_id, channel
), kinds as (
  select
    campaign_id, customer_role, location,
    {contacts: sum(#) as #}
  from contacts
  group by campaign_id, customer_role, location
), days as (
  insert into daily_metrics (
    client_id, day, dimension, member,
    {contacts}
  )
  select
    :client_id, :day,
    case when grouping(campaign_id) = 0 then 'campaign' when grouping(location) = 0 then 'location' else 'customer-role' end,
    coalesce(campaign_id, customer_role, location),
    {contacts: nullif(sum(#), 0)}
  from kinds
  group by grouping sets (campaign_id, customer_role, location)
), sizes as (
  select
    1 as measure, histogram_bucket(wait_answered_s) as bucket, agent_id, sector_id, channel, count(*)::integer as times,
    grouping(agent_id, sector_id, channel) as kind
  from contacts
  where answered = 1
  group by grouping sets ((2), (2, agent_id), (2, sector_id), (2, channel))
  union all
  select
    2 as measure, histogram_bucket(talk_s + hold_s + wrap_s) as bucket, agent_id, sector_id, channel, count(*)::integer as times,
    grouping(agent_id, sector_id, channel) as kind
  from contacts
  where answered = 1
  group by grouping sets ((2), (2, agent_id), (2, sector_id), (2, channel))
  union all
  select
    3 as measure, histogram_bucket(talk_s) as bucket, agent_id, sector_id, channel, count(*)::integer as times,
    grouping(agent_id, sector_id, channel) as kind
  from contacts
  where answered = 1
  group by grouping sets ((2), (2, agent_id), (2, sector_id), (2, channel))
)
insert into metric_histograms (client_id, day, dimension, member, measure, buckets, counts)
select
  :client_id, :day, case kind when 3 then 'agent' when 5 then 'sector' when 6 then 'channel' else 'client' end, member,
  (array['wait', 'handle', 'talk'])[measure], array_agg(bucket order by bucket), array_agg(times order by bucket)
from (
  select kind, measure, coalesce(agent_id, sector_id, channel collate "C", '') as member, bucket, times from sizes
) of_member
group by kind, measure, member
