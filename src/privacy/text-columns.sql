-- Every column that can hold a text, of every table there is: one row per column. No parameters. Writes nothing.
-- Partitions are seen through the table they belong to; views hold no rows of their own. Columns that PostgreSQL
-- computes are left out: they say what others say.
select
  c.relname as table_name, a.attname as column_name,
  case a.atttypid when 'jsonb'::regtype then 'json' when 'text[]'::regtype then 'list' else 'text' end as kind,
  c.relrowsecurity as is_tenants,
  exists (select from pg_attribute k where k.attrelid = c.oid and k.attname = 'client_id') as has_client
from pg_class c
join pg_attribute a on a.attrelid = c.oid
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
  and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
  and a.atttypid in ('text'::regtype, 'varchar'::regtype, 'jsonb'::regtype, 'text[]'::regtype)
order by c.relname, a.attnum
