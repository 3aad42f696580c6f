-- Days, weeks and months of a client that are settled and not added up as they are now: all their days, and the eight
-- after, are rolled up with all their facts. One row per period, the newest first.
-- $1 client, $2 how many at most
-- Reads rollup_days and rollup_periods, rows of one client by their keys. Writes nothing.
select p.grain, p.from_day as "from", p.end_day as "to", s.stamp
from (
  select 'day' as grain, day as from_day, day + 1 as end_day from rollup_days where client_id = $1
  union
  select 'week', date_trunc('week', day::timestamp)::date, date_trunc('week', day::timestamp)::date + 7
  from rollup_days where client_id = $1
  union
  select 'month', date_trunc('month', day::timestamp)::date, (date_trunc('month', day::timestamp) + interval '1 month')::date
  from rollup_days where client_id = $1
) p
cross join lateral (select period_stamp($1, p.from_day, p.end_day) as stamp) s
left join rollup_periods k on k.client_id = $1 and k.grain = p.grain and k.bucket_day = p.from_day
where s.stamp is not null and k.stamp is distinct from s.stamp
order by p.from_day desc, p.grain
limit $2
