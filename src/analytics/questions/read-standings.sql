-- What an answer depends on: the settings of its client, and how far the roll-ups of its spans of days can be trusted.
-- One row per span, in their order; none when there is no such client.
-- $1 client, $2 first days, $3 days after the last, $4 days from which on a change changes the numbers of the span, $5
-- how many days after the span still do
-- `stamp` says the same for as long as nothing has changed of any day that the numbers depend on.
-- Reads rollup_days and metric_thresholds, rows of one client by their keys; no roll-up is read.
select
  c.time_zone as "timeZone", c.currency,
  (
    select json_object_agg(t.metric, json_build_object('target', t.target, 'warning', t.warning, 'critical', t.critical))
    from metric_thresholds t where t.client_id = c.id
  ) as limits,
  (
    select concat_ws('.', count(*), coalesce(sum(revision), 0), coalesce(max(revision), 0))
    from rollup_days where client_id = c.id and day >= s.stands_from and day < s.to_day + $5::integer
  ) as stamp,
  (
    select min(rolled_at) from rollup_days where client_id = c.id and day >= s.from_day and day < s.to_day
  ) as "dataAsOf",
  array(
    select day::text from rollup_days
    where client_id = c.id and day >= s.stands_from and day < s.to_day and rolled_at is not null and facts_version > rolled_version
    order by day
  ) as "dirtyDays",
  array(
    select day::text from rollup_days
    where client_id = c.id and day >= s.stands_from and day < s.to_day and rolled_at is null and facts_version > rolled_version
    order by day
  ) as "waitingDays",
  array(
    select d.day::text from (select s.from_day + n as day from generate_series(0, s.to_day - s.from_day - 1) as n) d
    where not exists (select from rollup_days r where r.client_id = c.id and r.day = d.day and r.rolled_at is not null)
    order by d.day
  ) as "unrolledDays",
  array(
    select d.day::text from (select s.to_day + n as day from generate_series(0, $5::integer - 1) as n) d
    where not exists (
      select from rollup_days r
      where r.client_id = c.id and r.day = d.day and r.rolled_at is not null and r.facts_version <= r.rolled_version
    )
    order by d.day
  ) as "unsettledDaysAfter"
from clients c, unnest($2::date[], $3::date[], $4::date[]) with ordinality as s (from_day, to_day, stands_from, n)
where c.id = $1
order by s.n
