-- Grain: one row per schedule of a client: the end of the newest window that is done, and how many seconds ago that was
-- in the client's zone; null when none is. A schedule that its job declares counts whoever asked for the run; one made
-- by a person (payload not empty) counts its own runs only, for others of its job are about something else. $1 ids of
-- schedules, or null for all. Reads runs_window, newest first.
select
  s.id,
  s.client_id as "clientId",
  s.job,
  newest.window_to as "freshTo",
  extract(epoch from now() - newest.window_to::timestamp at time zone c.time_zone)::double precision as "lagSeconds"
from schedules s
join clients c on c.id = s.client_id
left join lateral (
  select r.window_to
  from runs r
  where r.client_id = s.client_id and r.job = s.job and r.window_to is not null and r.state = 'succeeded'
    and (r.schedule_id = s.id or s.payload = '{}')
  order by r.window_to desc
  limit 1
) newest on true
where $1::text[] is null or s.id = any($1::text[])
