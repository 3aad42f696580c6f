-- The local day on which each customer of a client was first in contact: customers.first_contact_at where it is known,
-- else the first day of customer_metrics; null where neither says. Cohorts and lifetime value begin there. The caller's
-- rights are what it reads with.
create or replace function first_days_of_customers(of_client text, time_zone text) returns table (customer_id text, first_day date)
language sql stable as $$
  select coalesce(c.id, s.customer_id), coalesce((c.first_contact_at at time zone time_zone)::date, s.first_day)
  from (select id, first_contact_at from customers where client_id = of_client) c
  full join (
    select m.customer_id, min(m.day) as first_day from customer_metrics m
    where m.client_id = of_client and m.customer_id <> '' group by m.customer_id
  ) s on s.customer_id = c.id
$$;
grant execute on function first_days_of_customers(text, text) to daybreak_client;
