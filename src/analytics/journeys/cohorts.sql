-- Customers by the week or month of their first contact, and what became of them: one row per cohort and period since,
-- and one with period null that has the cohort's size alone.
-- $1 client, $2 zone, $3 from, $4 to (half-open days of the first contact), $5 week or month, $6 contact or order: what
-- makes a customer active, $7 how many periods after the first
-- Reads customers and customer_metrics of the client, the latter by (client_id, customer_id, day). Writes nothing.
with members as (
  select customer_id, date_trunc($5, first_day::timestamp)::date as cohort
  from first_days_of_customers($1, $2)
  where first_day >= $3::date and first_day < $4::date
), dealings as (
  select
    b.cohort, m.customer_id,
    case $5
      when 'week' then (date_trunc('week', m.day::timestamp)::date - b.cohort) / 7
      else (date_part('year', m.day) * 12 + date_part('month', m.day)
        - date_part('year', b.cohort) * 12 - date_part('month', b.cohort))::integer
    end as period,
    case $6 when 'order' then m.orders else m.contacts end as times,
    m.gross_minor + m.refunded_minor as net_minor
  from members b
  join customer_metrics m on m.client_id = $1 and m.customer_id = b.customer_id and m.day >= b.cohort
), of_customer as (
  select cohort, period, customer_id, sum(times) as times, sum(net_minor) as net_minor
  from dealings
  where period <= $7::integer
  group by cohort, period, customer_id
)
select cohort, period, count(*) filter (where times > 0) as customers, sum(net_minor)::bigint as net_minor
from of_customer
group by cohort, period
union all
select cohort, null, count(*), 0 from members group by cohort
order by 1, 2
