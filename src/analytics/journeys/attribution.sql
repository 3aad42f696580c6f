-- What each campaign or channel is credited with: one row per key of touchpoints, and one (is_direct) for conversions
-- without any. $1 client, $2 from, $3 to (half-open instants of the conversions), $4 currency, $5 payment or won-deal,
-- $6 look-back in hours, $7 model: first, last, linear, time-decay, position-based, $8 half-life in hours, $9 campaign
-- or channel Reads payments by (client_id, occurred_at) or deals by (client_id, closed_at), and touchpoints by
-- (client_id, customer_id, touched_at). Writes nothing. Money is credited per conversion by largest remainders, so that
-- the credits add up to the conversion, to the minor unit.
with conversions as materialized (
  select row_number() over () as conversion, customer_id, at, amount_minor
  from (
    select customer_id, occurred_at as at, amount_minor
    from payments
    where $5 = 'payment' and client_id = $1 and occurred_at >= $2 and occurred_at < $3
      and kind = 'charge' and amount_minor > 0 and currency = $4
    union all
    select customer_id, closed_at, amount_minor
    from deals
    where $5 = 'won-deal' and client_id = $1 and closed_at >= $2 and closed_at < $3 and state = 'won' and currency = $4
      and deal_fault(opened_at, closed_at) is null
  ) c
), touches as (
  select
    c.conversion, c.amount_minor, case $9 when 'campaign' then t.campaign_id else t.channel end as key,
    row_number() over in_order as position,
    count(*) over of_conversion as touches,
    extract(epoch from max(t.touched_at) over of_conversion - t.touched_at)::double precision / 3600 as hours_before_last
  from conversions c
  join touchpoints t on t.client_id = $1 and t.customer_id = c.customer_id
    and t.touched_at >= c.at - make_interval(hours => $6) and t.touched_at < c.at
  window of_conversion as (partition by c.conversion), in_order as (partition by c.conversion order by t.touched_at, t.id)
), weighed as (
  select
    *,
    case $7
      when 'first' then (position = 1)::integer
      when 'last' then (position = touches)::integer
      when 'linear' then 1
      -- Relative to the last touch, which changes no share; what is too small for the type is next to nothing anyhow.
      when 'time-decay' then power(2::double precision, greatest(-1000, 0 - hours_before_last / $8::double precision))
      else case when touches <= 2 then 1 when position in (1, touches) then 0.4 else 0.2 / (touches - 2) end
    end::double precision as weight
  from touches
), shared as (
  select *, weight / sum(weight) over (partition by conversion) as share from weighed
), rounded_down as (
  select *, floor(amount_minor * share)::bigint as whole_minor, amount_minor * share - floor(amount_minor * share) as remainder from shared
), credited as (
  select
    conversion, key, share,
    whole_minor + case
      when row_number() over (partition by conversion order by remainder desc, position)
        <= amount_minor - sum(whole_minor) over (partition by conversion) then 1 else 0
    end as credit_minor
  from rounded_down
)
select
  coalesce(key, '') as key, false as is_direct, sum(credit_minor)::bigint as credited_minor, sum(share) as credited_conversions,
  count(distinct conversion) as touched_conversions
from credited
group by 1
union all
select '', true, coalesce(sum(amount_minor), 0)::bigint, count(*), 0
from conversions c
where not exists (select from touches t where t.conversion = c.conversion)
order by 2, 3 desc, 1
