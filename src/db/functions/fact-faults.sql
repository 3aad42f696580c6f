-- What contradicts itself in a fact; null: nothing. A call may be longer than its talk and hold by what nobody counted,
-- and shorter by the second that rounding takes.
create or replace function interaction_fault(
  started_at timestamptz, answered_at timestamptz, ended_at timestamptz, talk_s integer, hold_s integer
) returns text language sql immutable parallel safe return case
  when answered_at < started_at then 'answered before it started'
  when ended_at < started_at then 'ended before it started'
  when ended_at < answered_at then 'ended before it was answered'
  when ended_at - coalesce(answered_at, started_at) < make_interval(secs => talk_s::double precision + hold_s - 1)
    then 'talk and hold are longer than the call'
end;
create or replace function issue_fault(noted_at timestamptz, resolved_at timestamptz) returns text
language sql immutable parallel safe return case when resolved_at < noted_at then 'resolved before it was noted' end;
create or replace function deal_fault(opened_at timestamptz, closed_at timestamptz) returns text
language sql immutable parallel safe return case when closed_at < opened_at then 'closed before it was opened' end;
create or replace function request_fault(requested_at timestamptz, accepted_at timestamptz, completed_at timestamptz) returns text
language sql immutable parallel safe return case
  when accepted_at < requested_at then 'accepted before it was requested'
  when completed_at < requested_at then 'completed before it was requested'
  when completed_at < accepted_at then 'completed before it was accepted'
end;
create or replace function booking_fault(starts_at timestamptz, ends_at timestamptz) returns text
language sql immutable parallel safe return case
  when ends_at <= starts_at then 'ends before it begins'
  when ends_at - starts_at > interval '366 days' then 'lasts longer than a year'
end;
create or replace function spend_fault(contacted integer, responded integer) returns text
language sql immutable parallel safe return case when responded > contacted then 'more answered than were contacted' end;

grant execute on function
  interaction_fault(timestamptz, timestamptz, timestamptz, integer, integer), issue_fault(timestamptz, timestamptz),
  deal_fault(timestamptz, timestamptz), request_fault(timestamptz, timestamptz, timestamptz),
  booking_fault(timestamptz, timestamptz), spend_fault(integer, integer)
to daybreak_client;
