-- Grain: one row per receiver with alerts that are not yet on their way to it, and what it was sent in the last $1
-- seconds: how many posts, and whether one of them told several alerts. Reads alert_notices_unposted and
-- alert_notices_posted.
with waiting as (
  select n.channel, n.address, array_agg(n.alert_id order by a.raised_at, n.alert_id) as "alertIds"
  from alert_notices n join alerts a on a.id = n.alert_id
  where n.post_id is null
  group by n.channel, n.address
), recent as (
  select channel, address, post_id, count(*) as alerts
  from alert_notices
  where posted_at > now() - make_interval(secs => $1::double precision)
  group by channel, address, post_id
)
select
  w.channel, w.address, w."alertIds",
  count(r.post_id)::int as posts,
  coalesce(bool_or(r.alerts > 1), false) as grouped
from waiting w left join recent r using (channel, address)
group by w.channel, w.address, w."alertIds"
order by w.channel, w.address
