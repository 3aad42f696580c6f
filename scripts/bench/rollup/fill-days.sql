-- What the triggers would have noted of facts that fill-facts.sql wrote without them: every day of the clients holds
-- facts. $1 from, $2 to (half-open).
insert into rollup_days (client_id, day)
select c.id, d::date from clients c, generate_series($1::date, $2::date - 1, interval '1 day') d
on conflict (client_id, day) do update set facts_version = rollup_days.facts_version + 1
