-- What a projection of customer lifetime value is made of: one row per group of customers and age in months since the
-- first contact. $1 client, $2 zone, $3 from, $4 to (half-open days of the first contact), $5 first day of the month
-- that is not over, $6 groups Reads customers and customer_metrics of the client, the latter by (client_id,
-- customer_id, day). Writes nothing. A group is a random part of all customers, the same each time: the projection is
-- drawn again from groups to see how far it moves. Only months that are over count, so a cohort is in the rows of the
-- ages it has reached: followed counts the active of an age in the cohorts that have reached the next one, too.
with members as (
  select
    customer_id, date_trunc('month', first_day::timestamp)::date as cohort,
    abs(hashtextextended(customer_id, 0) % $6::integer)::integer as part,
    (date_part('year', $5::date) * 12 + date_part('month', $5::date)
      - date_part('year', first_day) * 12 - date_part('month', first_day))::integer as months_over
  from first_days_of_customers($1, $2)
  where first_day >= $3::date and first_day < $4::date
), months as (
  select
    b.part, b.customer_id, b.months_over,
    (date_part('year', m.day) * 12 + date_part('month', m.day)
      - date_part('year', b.cohort) * 12 - date_part('month', b.cohort))::integer as age,
    sum(m.orders) > 0 as is_active, sum(m.gross_minor + m.refunded_minor) as net_minor
  from members b
  join customer_metrics m on m.client_id = $1 and m.customer_id = b.customer_id and m.day >= b.cohort and m.day < $5::date
  group by b.part, b.customer_id, b.months_over, 4
), sizes as (
  select part, age, count(*) as customers
  from members cross join lateral generate_series(0, months_over - 1) as age
  group by part, age
), dealings as (
  select
    part, age, count(*) filter (where is_active) as active, count(*) filter (where is_active and age + 1 < months_over) as followed,
    sum(net_minor)::bigint as net_minor
  from months
  group by part, age
)
select
  part, age, customers, coalesce(active, 0) as active, coalesce(followed, 0) as followed, coalesce(net_minor, 0)::bigint as net_minor
from sizes left join dealings using (part, age)
order by part, age
