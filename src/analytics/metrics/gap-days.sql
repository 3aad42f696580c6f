-- Days without a row in rollup_days between the first and the last day with facts of a client that lie before its
-- today. $1 client, $2 from and $3 to (half-open days). Reads rollup_days by its key.
select d::date as day
from (
  select min(r.day) as first, max(r.day) as last
  from rollup_days r join clients c on c.id = r.client_id
  where r.client_id = $1 and r.facts_version > 0 and r.day < (now() at time zone c.time_zone)::date
  having count(*) > 0
) known, generate_series(greatest(known.first, $2::date), least(known.last, $3::date - 1), interval '1 day') d
where not exists (select from rollup_days r where r.client_id = $1 and r.day = d::date)
order by 1
