-- Says the same for as long as nothing changes of the days from from_day to the one before end_day, and of the eight
-- after them, which may repeat a contact of theirs; null: some of these days are not rolled up, or not since the last
-- of their facts.
create or replace function period_stamp(of_client text, from_day date, end_day date) returns text language sql stable as $$
  select case
    when count(*) filter (where rolled_at is not null and facts_version <= rolled_version) = end_day - from_day + 8
    then concat_ws('.', count(*), sum(revision), max(revision))
  end
  from rollup_days where client_id = of_client and day >= from_day and day < end_day + 8
$$;
grant execute on function period_stamp(text, date, date) to daybreak_client;
