-- A setting that changes sums makes every day of the client dirty. A day without facts stays one (facts_version 0).
-- After a change of zone facts may lie on a day that had none: the neighbours of known days are looked at, by the ends
-- of bookings and of hours offered as well.
create or replace function mark_days_of_client() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  fact record;
begin
  if old.time_zone <> new.time_zone then
    -- First of all: who waits here must not hold days that those it waits for may want.
    perform pg_advisory_xact_lock(hashtext('time-zone'), hashtext(new.id) & 255);
  end if;
  update rollup_days set
    facts_version = facts_version + case when facts_version > 0 then 1 else 0 end,
    rolled_version = case when facts_version > 0 then rolled_version else -1 end
  where client_id = new.id;
  if old.time_zone = new.time_zone then
    return null;
  end if;
  for fact in
    select name, time_column from fact_tables
    union all values
      ('deals', 'closed_at'), ('service_requests', 'completed_at'), ('call_quality_issues', 'resolved_at'),
      ('subscriptions', 'starts_at'), ('subscriptions', 'ends_at'), ('customers', 'first_contact_at'),
      ('bookings', 'ends_at'), ('provider_availability', 'ends_at')
  loop
    execute format(
      'insert into rollup_days (client_id, day)
       select distinct $1, d.day
       from rollup_days r cross join lateral (values (r.day - 1), (r.day + 1)) as d (day)
       where r.client_id = $1
         and not exists (select from rollup_days k where k.client_id = $1 and k.day = d.day)
         and exists (
           select from %I f where f.client_id = $1
             and f.%I >= d.day::timestamp at time zone $2 and f.%I < (d.day + 1)::timestamp at time zone $2)
       order by 2
       on conflict (client_id, day) do nothing', fact.name, fact.time_column, fact.time_column)
    using new.id, new.time_zone;
  end loop;
  return null;
end $$;
