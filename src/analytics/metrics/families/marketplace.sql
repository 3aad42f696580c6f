-- Requests, bookings and the time of providers on one local day: one row per request or booking, and one per provider
-- for its time. Reads service_requests by (client_id, requested_at) and (client_id, completed_at), bookings and
-- provider_availability by (client_id, starts_at) and, for the few that last longer than a day, by their partial index
-- on ends_at. Time is cut at the edges of the day, and what overlaps for one provider counts once. Booked is what was
-- not called off or moved.
with
bookings_of_day as (
  select * from bookings
  where client_id = :client_id and starts_at >= :from and starts_at < :to
    and booking_fault(starts_at, ends_at) is null
), spans as (
  select provider_id, true as booked, starts_at, ends_at
  from bookings
  where client_id = :client_id and provider_id is not null and state not in ('cancelled', 'moved')
    and starts_at >= :from - interval '366 days' and starts_at < :to and ends_at > :from
    and (starts_at >= :from - interval '24 hours' or ends_at - starts_at > interval '24 hours')
    and booking_fault(starts_at, ends_at) is null
  union all
  select provider_id, false, starts_at, ends_at
  from provider_availability
  where client_id = :client_id
    and starts_at >= :from - interval '366 days' and starts_at < :to and ends_at > :from
    and (starts_at >= :from - interval '24 hours' or ends_at - starts_at > interval '24 hours')
    and booking_fault(starts_at, ends_at) is null
), provider_time as (
  select
    provider_id, booked,
    (
      select round(sum(extract(epoch from upper(part) - lower(part))))::bigint
      from unnest(range_agg(tstzrange(greatest(starts_at, :from), least(ends_at, :to)))) as part
    ) as time_s
  from spans
  group by provider_id, booked
)
select
  f.agent_id, f.sector_id, f.channel, f.campaign_id, f.provider_id, c.role as customer_role, f.location,
  requests, requests_completed, requests_cancelled, bookings, bookings_completed, bookings_no_show, bookings_cancelled,
  bookings_cancelled_in_time, bookings_moved, booked_s, provider_available_s
from (
  select
    agent_id, sector_id, channel, campaign_id, provider_id, customer_id, location,
    1 as requests, case when state = 'completed' and completed_at is null then 1 end as requests_completed,
    case when state = 'cancelled' then 1 end as requests_cancelled,
    null::integer as bookings, null::integer as bookings_completed, null::integer as bookings_no_show,
    null::integer as bookings_cancelled, null::integer as bookings_cancelled_in_time, null::integer as bookings_moved,
    null::bigint as booked_s, null::bigint as provider_available_s
  from service_requests
  where client_id = :client_id and requested_at >= :from and requested_at < :to
    and request_fault(requested_at, accepted_at, completed_at) is null
  union all
  select
    agent_id, sector_id, channel, campaign_id, provider_id, customer_id, location,
    null, 1, null, null, null, null, null, null, null, null, null
  from service_requests
  where client_id = :client_id and completed_at >= :from and completed_at < :to and state = 'completed'
    and request_fault(requested_at, accepted_at, completed_at) is null
  union all
  select
    agent_id, sector_id, channel, null, provider_id, customer_id, location,
    null, null, null, 1, case when state = 'completed' then 1 end, case when state = 'no-show' then 1 end,
    case when state = 'cancelled' then 1 end,
    case when state = 'cancelled' and cancelled_at <= starts_at - make_interval(hours => :cancel_hours) then 1 end,
    case when state = 'moved' then 1 end, null, null
  from bookings_of_day
  union all
  select
    null, null, null, null, provider_id, null, null,
    null, null, null, null, null, null, null, null, null, case when booked then time_s end, case when not booked then time_s end
  from provider_time
) f left join customers c on c.client_id = :client_id and c.id = f.customer_id
