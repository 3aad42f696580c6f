-- What tells whether an answer that is kept in memory still holds, and goals.

-- The revision of a day rises with every change of its row, whatever changes it: facts came in, it was rolled up, its client was set
-- otherwise. Who compares number, sum and maximum over some days sees whether any of them has changed.
create sequence rollup_revisions;
grant usage on sequence rollup_revisions to daybreak_client;
alter table rollup_days add column revision bigint not null default nextval('rollup_revisions');
create function raise_revision() returns trigger language plpgsql as $$
begin
  new.revision := nextval('rollup_revisions');
  return new;
end $$;
create trigger rollup_days_revision before update on rollup_days for each row execute function raise_revision();

-- What a client wants a metric to be over some days: of itself, or of one member of a dimension.
create table goals (
  client_id text collate "C" not null references clients (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  name text not null check (name <> ''),
  -- A name of the catalogue, and a dimension of daily_metrics with one of its members ('' for the client as a whole).
  metric text collate "C" not null,
  dimension text collate "C" not null default 'client',
  member text collate "C" not null default '',
  -- In the unit of the metric: a count, a share (0.5 is 50 %), seconds, minor units of the client's currency.
  target double precision not null check (target not in ('NaN', 'Infinity', '-Infinity')),
  -- Half-open local days.
  from_day date not null,
  to_day date not null check (to_day > from_day),
  -- Who answers for it: a team, a function, a person's initials.
  owner text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (client_id, id)
);
create index goals_to_day on goals (client_id, to_day desc, id);
select secure_tenant_table('goals');
