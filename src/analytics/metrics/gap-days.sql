-- Days without a row in rollup_days between the first and the last day with facts of a client that lie before its today.
-- $1 client or null for all, $2 from and $3 to (half-open days) or null, $4 how many. Reads rollup_days by its key.
select known.client_id as "clientId", d::date as day
from (
  select r.client_id, min(r.day) as first, max(r.day) as last
  from rollup_days r join clients c on c.id = r.client_id
  where r.facts_version > 0 and r.day < (now() at time zone c.time_zone)::date and ($1::text is null or r.client_id = $1)
  group by r.client_id having count(*) < max(r.day) - min(r.day) + 1
) known, generate_series(greatest(known.first, $2::date), least(known.last, $3::date - 1), interval '1 day') d
where not exists (select from rollup_days r where r.client_id = known.client_id and r.day = d::date)
order by 1, 2
limit $4
