-- What questions are measured by and answered from: goals, a client's own limits, and what the night has prepared.

-- What a client wants a metric to be over some days: of itself, or of one member of a dimension.
create table goals (
  client_id text collate "C" not null references clients (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  name text not null check (name <> ''),
  -- A name of the catalogue, and a dimension of daily_metrics with one of its members ('' for the client as a whole).
  metric text collate "C" not null,
  dimension text collate "C" not null default 'client',
  member text collate "C" not null default '',
  -- A goal is reached from below (revenue) or kept to from above (abandonment), whatever the metric's own direction.
  bound text not null default 'at-least' check (bound in ('at-least', 'at-most')),
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

-- A client's own limits of a metric; null: the catalogue's.
create table metric_thresholds (
  client_id text collate "C" not null references clients (id) on delete cascade,
  metric text collate "C" not null,
  target double precision,
  warning double precision,
  critical double precision,
  primary key (client_id, metric)
);

-- Answers to questions on journeys, made in the night (job prepare-journeys), so that a page need not wait for them:
-- the rows they are made of.
create table prepared_journeys (
  client_id text collate "C" not null references clients (id) on delete cascade,
  -- Everything that was asked.
  question text collate "C" not null,
  -- Of the days that it was made of: the same for as long as nothing has changed of them.
  stamp text collate "C" not null,
  -- The day that ended with the night.
  day date not null,
  rows json not null,
  prepared_at timestamptz not null,
  primary key (client_id, question)
);
create trigger erasures_prepared_journeys after insert or update of finished_at on erasures
  for each row execute function drop_prepared_journeys();
