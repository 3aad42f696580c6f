-- By hand: performance_trends of the hours of one local day, and of its week and month from the days. $1 day.
insert into bare_performance_trends (
  client_id, grain, dimension, bucket_at, bucket_day, member, offered, answered, abandoned, missed, wait_answered_s, talk_s, hold_s, wrap_s,
  resolved, csat_count, csat_sum, gross_minor, refunded_minor
)
select
  client_id, 'hour', 'client', hour_at, $1::date, '', sum(offered), sum(answered), sum(abandoned), sum(missed), sum(wait_answered_s), sum(talk_s),
  sum(hold_s), sum(wrap_s), sum(resolved), sum(csat_count), sum(csat_sum), sum(gross_minor), sum(refunded_minor)
from bare_agent_metrics where day = $1::date group by client_id, hour_at
union all
select
  d.client_id, grain, dimension, min(date_trunc(grain, day)::timestamp at time zone c.time_zone), min(date_trunc(grain, day))::date, member,
  sum(offered), sum(answered), sum(abandoned), sum(missed), sum(wait_answered_s), sum(talk_s), sum(hold_s), sum(wrap_s), sum(resolved),
  sum(csat_count), sum(csat_sum), sum(gross_minor), sum(refunded_minor)
from bare_daily_metrics d join clients c on c.id = d.client_id cross join (values ('week'), ('month'), ('day')) as grains (grain)
where (grain <> 'day' or dimension = 'client') and date_trunc(grain, day) = date_trunc(grain, $1::date)
group by d.client_id, grain, dimension, member
