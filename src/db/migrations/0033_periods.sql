-- Days, weeks and months of agents, sectors and channels together, and weeks and months of histograms: what questions over a year would
-- otherwise add up from a million hours. Added up after the nights (job refresh-summaries), and only where nothing changes any more by
-- itself. rollup_periods says which there are, and of which state of their days: whoever reads compares.
create table rollup_periods (
  client_id text collate "C" not null,
  grain text collate "C" not null check (grain in ('day', 'week', 'month')),
  bucket_day date not null,
  -- Of the days that it stands on, as period_stamp says it.
  stamp text collate "C" not null,
  primary key (client_id, grain, bucket_day)
);

create table agent_periods (
  grain text collate "C" not null,
  bucket_day date not null,
  like agent_metrics
);
alter table agent_periods
  drop column day, drop column hour_at, add primary key (client_id, grain, bucket_day, agent_id, sector_id, channel);

create table histogram_periods (
  grain text collate "C" not null,
  bucket_day date not null,
  like metric_histograms
);
alter table histogram_periods
  drop column day, add primary key (client_id, dimension, grain, bucket_day, member, measure);

select secure_tenant_table(t::regclass) from unnest(array['rollup_periods', 'agent_periods', 'histogram_periods']) as t;

-- Says the same for as long as nothing changes of the days from from_day to the one before end_day, and of the eight after them, which
-- may repeat a contact of theirs; null: some of these days are not rolled up, or not since the last of their facts.
create function period_stamp(of_client text, from_day date, end_day date) returns text language sql stable as $$
  select case
    when count(*) filter (where rolled_at is not null and facts_version <= rolled_version) = end_day - from_day + 8
    then concat_ws('.', count(*), sum(revision), max(revision))
  end
  from rollup_days where client_id = of_client and day >= from_day and day < end_day + 8
$$;

create function delete_periods_of_clients() returns trigger language plpgsql security definer set search_path = public as $$
begin
  delete from rollup_periods where client_id in (select id from gone);
  delete from agent_periods where client_id in (select id from gone);
  delete from histogram_periods where client_id in (select id from gone);
  return null;
end $$;
create trigger clients_periods after delete on clients referencing old table as gone
  for each statement execute function delete_periods_of_clients();
