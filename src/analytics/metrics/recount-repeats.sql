-- What a day changes in the days before it: an answered contact counts as resolved at first contact, and not as
-- repeated, until the same customer comes again on the same topic within 168 hours. repeated_contacts says who counts
-- as repeated, and by a contact of which day. Reads interactions of the day and the 7 days before it by (client_id,
-- started_at), later ones of the few that are in doubt by (client_id, customer_id, started_at), and the roll-ups it
-- changes by their keys. It writes only where the facts and repeated_contacts differ, and then they do not any more:
-- twice is the same as once. A contact whose own day has changed since is that day's roll-up's business, not ours.
-- Returns the days whose rows it changed.
with arrivals as materialized (
  select customer_id, coalesce(' ' || topic, '') collate "C" as subject, started_at
  from interactions
  where client_id = :client_id and started_at >= :from and started_at < :to and customer_id is not null
    and interaction_fault(started_at, answered_at, ended_at, talk_s, hold_s) is null
), earlier as materialized (
  -- "is true" has them looked up in a hash of the arrivals, however few the planner expects: 7 days are read, but
  -- nothing is sorted.
  select i as contact, i.customer_id, coalesce(' ' || i.topic, '') collate "C" as subject
  from interactions i
  where i.client_id = :client_id and i.started_at >= :from - repeat_window() and i.started_at < :from and i.status = 'answered'
    and ((i.customer_id, coalesce(' ' || i.topic, '') collate "C") in (select customer_id, subject from arrivals)) is true
    and interaction_fault(i.started_at, i.answered_at, i.ended_at, i.talk_s, i.hold_s) is null
), repeated as materialized (
  select (contact).*, ((contact).started_at at time zone :time_zone)::date as day
  from (
    select contact, min(arrived_at) over (partition by customer_id, subject) as first_at
    from (
      select contact, customer_id, subject, null::timestamptz as arrived_at from earlier
      union all
      select null, customer_id, subject, started_at from arrivals
      where ((customer_id, subject) in (select customer_id, subject from earlier)) is true
    ) both_sides
  ) met
  where (contact).id is not null and first_at <= (contact).started_at + repeat_window()
), known as materialized (
  select day, id, started_at, by_day from repeated_contacts where client_id = :client_id and day >= :day - 8 and day < :day
), doubted as materialized (
  -- Repeated by a contact of this day when it was looked at last, and not any more; next_at: by whom else.
  select i.*, k.day, (
    select min(l.started_at)
    from interactions l
    where l.client_id = :client_id and l.customer_id = i.customer_id
      and l.started_at > i.started_at and l.started_at <= i.started_at + repeat_window()
      and coalesce(' ' || l.topic, '') = coalesce(' ' || i.topic, '')
      and interaction_fault(l.started_at, l.answered_at, l.ended_at, l.talk_s, l.hold_s) is null
  ) as next_at
  from known k
  join interactions i
    on i.client_id = :client_id and i.id = k.id and i.started_at = k.started_at
      and i.started_at >= :from - interval '169 hours' and i.started_at < :from
  where k.by_day = :day and ((k.id, k.started_at) in (select id, started_at from repeated)) is not true
), flips as materialized (
  select
    f.id, f.day, f.started_at, date_trunc('hour', f.started_at, :time_zone) as hour_at, coalesce(f.agent_id, '') as agent_id,
    coalesce(f.sector_id, '') as sector_id, f.channel, coalesce(f.campaign_id, '') as campaign_id,
    coalesce(c.role, '') as customer_role, coalesce(f.location, '') as location, f.change, f.change * f.resolved::integer as resolved
  from (
    select r.id, r.day, r.started_at, r.agent_id, r.sector_id, r.channel, r.campaign_id, r.customer_id, r.location, r.resolved, 1 as change
    from repeated r
    where ((r.id, r.started_at) in (select id, started_at from known)) is not true
    union all
    select d.id, d.day, d.started_at, d.agent_id, d.sector_id, d.channel, d.campaign_id, d.customer_id, d.location, d.resolved, -1
    from doubted d
    where d.next_at is null
  ) f
  left join customers c on c.client_id = :client_id and c.id = f.customer_id
), remembered as (
  insert into repeated_contacts (client_id, day, id, started_at, by_day)
  select :client_id, day, id, started_at, :day from flips where change = 1
), forgotten as (
  delete from repeated_contacts r using flips f
  where f.change = -1 and r.client_id = :client_id and r.day = f.day and r.id = f.id and r.started_at = f.started_at
), handed_on as (
  update repeated_contacts r set by_day = (d.next_at at time zone :time_zone)::date
  from doubted d
  where d.next_at is not null and r.client_id = :client_id and r.day = d.day and r.id = d.id and r.started_at = d.started_at
), cells as (
  update agent_metrics m set
    resolved_first = m.resolved_first - c.resolved, repeats = nullif(coalesce(m.repeats, 0) + c.change, 0)
  from (
    select day, hour_at, agent_id, sector_id, channel, sum(change) as change, sum(resolved) as resolved from flips group by 1, 2, 3, 4, 5
  ) c
  where m.client_id = :client_id and m.day = c.day and m.hour_at = c.hour_at and m.agent_id = c.agent_id
    and m.sector_id = c.sector_id and m.channel = c.channel
), members as materialized (
  select
    day, hour_at,
    case
      when grouping(agent_id) = 0 then 'agent' when grouping(sector_id) = 0 then 'sector' when grouping(channel) = 0 then 'channel'
      when grouping(campaign_id) = 0 then 'campaign' when grouping(customer_role) = 0 then 'customer-role'
      when grouping(location) = 0 then 'location' else 'client'
    end as dimension,
    coalesce(agent_id, sector_id, channel, campaign_id, customer_role, location, '') as member,
    sum(change) as change, sum(resolved) as resolved
  from flips
  group by day, grouping sets ((), hour_at, agent_id, sector_id, channel, campaign_id, customer_role, location)
), days as (
  update daily_metrics d set
    resolved_first = case d.dimension
      when 'client' then d.resolved_first - m.resolved else nullif(coalesce(d.resolved_first, 0) - m.resolved, 0)
    end,
    repeats = case d.dimension when 'client' then d.repeats + m.change else nullif(coalesce(d.repeats, 0) + m.change, 0) end
  from members m
  where m.hour_at is null
    and d.client_id = :client_id and d.dimension = m.dimension and d.day = m.day and d.member = m.member
), trends as (
  update performance_trends t set
    resolved_first = coalesce(t.resolved_first, 0) - m.resolved, repeats = coalesce(t.repeats, 0) + m.change
  from members m
  where m.dimension = 'client' and t.client_id = :client_id and t.grain = case when m.hour_at is null then 'day' else 'hour' end
    and t.dimension = 'client' and t.bucket_day = m.day and t.bucket_at = coalesce(m.hour_at, t.bucket_at) and t.member = ''
)
select distinct day from flips order by day
