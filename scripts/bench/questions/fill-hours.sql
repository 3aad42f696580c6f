-- agent_metrics of a busy year: about $4 interactions. One row per local hour from 8 to 20, agent and five of the seven
-- channels. $1 client, $2 first day, $3 days, $4 interactions. 60 agents in 6 sectors; the numbers depend on the key
-- only, so every fill is the same.
insert into agent_metrics (
  client_id, day, hour_at, agent_id, sector_id, channel, offered, answered, abandoned, answered_in_threshold, wait_answered_s, talk_s,
  hold_s, wrap_s, resolved, resolved_first, repeats, csat_count, csat_sum, csat_satisfied, nps_count, nps_promoters, nps_detractors,
  reviews, quality_centi_sum, available_s, handling_s, paid_s, orders, gross_minor
)
select
  $1, d.day, d.day::timestamp + make_interval(hours => h.hour), 'agent-' || a.n, 'sector-' || a.n % 6, 'channel-' || (a.n + h.hour + c.n) % 7,
  k.offered, k.offered - k.seed % 2, k.seed % 2, k.offered / 2, k.offered * 12, k.offered * 180, k.offered * 9, k.offered * 40,
  k.offered - k.seed % 3, greatest(0, k.offered - k.seed % 4), k.seed % 2, 1, 3 + k.seed % 3, (k.seed % 3 > 0)::integer, 1, k.seed % 2,
  (k.seed % 5 = 0)::integer, (k.seed % 7 = 0)::integer, case when k.seed % 7 = 0 then 8000 end, 60, k.offered * 229, 720, k.seed % 2,
  k.seed % 2 * 4900
from
  (select $2::date + n as day from generate_series(0, $3::integer - 1) as n) d,
  generate_series(8, 20) as h (hour),
  generate_series(1, 60) as a (n),
  generate_series(1, 5) as c (n),
  lateral (
    select s.seed, greatest(1, round($4::numeric / ($3::numeric * 13 * 60 * 5)))::integer + s.seed % 2 as offered
    from (select abs(hashint4(extract(epoch from d.day)::integer / 86400 * 100000 + h.hour * 1000 + a.n * 10 + c.n)) % 1000 as seed) s
  ) k
