-- customers and customer_metrics of a year: 100,000 customers who came first on some day of the year before and the
-- year, and each dealt with the business about twelve times since. $1 client, $2 first day, $3 days. The numbers depend
-- on the key only.
with added as (
  insert into customers (client_id, id, name, role, first_contact_at)
  select $1, 'customer-' || n, 'Customer ' || n, case n % 9 when 0 then 'ca' else 'client' end,
    $2::date + abs(hashint4(n)) % ($3::integer - 30)
  from generate_series(1, 100000) as n
  returning id, first_contact_at
)
insert into customer_metrics (client_id, day, customer_id, contacts, orders, gross_minor)
select $1, day, id, 1, (seed % 3 = 0)::integer, case when seed % 3 = 0 then 1000 + seed % 9000 else 0 end
from added
cross join generate_series(0, 11) as k
cross join lateral (select abs(hashtext(id || '-' || k)) as seed) s
cross join lateral (
  select first_contact_at::date + case k when 0 then 0 else seed % greatest(1, $2::date + $3::integer - first_contact_at::date) end as day
) d
on conflict do nothing
