-- How far the roll-ups of spans of days can be trusted: one row per span, in their order.
-- $1 client, $2 first days, $3 days after the last, $4 days from which on a change changes the numbers of the span
-- `stamp` says the same for as long as nothing has changed of any day that the numbers stand on: later days too, whose contacts may repeat
-- earlier ones (168 hours before the first instant of a day may lie on the eighth day before it).
-- Reads rollup_days, clients' days by their key; daily_metrics and performance_trends are not read.
select
  (
    select concat_ws('.', count(*), coalesce(sum(revision), 0), coalesce(max(revision), 0))
    from rollup_days where client_id = $1 and day >= s.stands_from and day < s.to_day + 8
  ) as stamp,
  (
    select min(rolled_at) from rollup_days where client_id = $1 and day >= s.from_day and day < s.to_day
  ) as "dataAsOf",
  array(
    select day::text from rollup_days
    where client_id = $1 and day >= s.stands_from and day < s.to_day and rolled_at is not null and facts_version > rolled_version
    order by day
  ) as "dirtyDays",
  array(
    select d::date::text from generate_series(s.from_day, s.to_day - 1, interval '1 day') d
    where not exists (select from rollup_days r where r.client_id = $1 and r.day = d::date and r.rolled_at is not null)
    order by 1
  ) as "unrolledDays"
from unnest($2::date[], $3::date[], $4::date[]) with ordinality as s (from_day, to_day, stands_from, n)
order by s.n
