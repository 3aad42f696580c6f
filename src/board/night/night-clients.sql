-- Grain: one row per client: the local day whose night is asked for, and how many of its runs are in which state.
-- sent, unsent: copies of that night's reports that went out, and that failed or may not have arrived.
-- $1 now, $2 the day (null: each client's last whole local day). Reads runs by runs_night (client_id, night).
-- lateRuns: open runs past the deadline of their schedule.
-- late: one of those, or six o'clock of the morning after has passed, and something is open or was never planned
-- although schedules say so.
select
  c.id,
  c.name,
  c.time_zone as "timeZone",
  n.day,
  r.total,
  r.succeeded,
  r.failed,
  r.cancelled,
  r.running,
  r.open,
  r.began_at as "beganAt",
  r.ended_at as "endedAt",
  m.sent,
  m.unsent,
  r.late_runs as "lateRuns",
  r.late_runs > 0 or $1::timestamptz >= ((n.day + 1) + time '06:00') at time zone c.time_zone
    and (r.open > 0 or (r.total = 0 and n.day >= (c.created_at at time zone c.time_zone)::date and exists (
      select from schedules s
      where s.client_id = c.id and (s.paused_until is null or s.paused_until <= $1::timestamptz)
    ))) as late
from clients c
cross join lateral (
  select coalesce($2::date, ($1::timestamptz at time zone c.time_zone)::date - 1) as day
) n
cross join lateral (
  select
    count(*)::int as total,
    count(*) filter (where state = 'succeeded')::int as succeeded,
    count(*) filter (where state = 'failed')::int as failed,
    count(*) filter (where state = 'cancelled')::int as cancelled,
    count(*) filter (where state = 'running')::int as running,
    count(*) filter (where state in ('planned', 'queued', 'running'))::int as open,
    count(*) filter (where state in ('planned', 'queued', 'running') and late_at <= $1::timestamptz)::int as late_runs,
    min(started_at) as began_at,
    max(finished_at) as ended_at
  from runs
  where client_id = c.id and night = n.day
) r
cross join lateral (
  select
    count(*) filter (where d.state = 'sent')::int as sent,
    count(*) filter (where d.state in ('failed', 'unknown'))::int as unsent
  from runs
  join deliveries d on d.client_id = c.id and d.execution_id = runs.id
  where runs.client_id = c.id and runs.night = n.day
) m
order by c.name, c.id
limit 5000
