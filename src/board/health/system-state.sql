-- Grain: one row: how long the schedule that is most overdue waits to be planned, how many nodes give signs of life,
-- and open alerts by kind. Reads schedules_due and alerts_open.
select
  coalesce((
    select extract(epoch from now() - min(next_due_at)) from schedules where next_due_at <= now()
  ), 0)::double precision as schedule_lag,
  (select count(*) from nodes where seen_at > now() - interval '15 seconds')::int as nodes,
  coalesce((
    select jsonb_object_agg(kind, n) from (
      select kind, count(*) as n from alerts where resolved_at is null group by kind
    ) open
  ), '{}') as alerts
