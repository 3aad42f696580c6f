-- A goal is reached from below (revenue) or kept to from above (abandonment), whatever the metric's own direction.
alter table goals
  add column bound text not null default 'at-least' check (bound in ('at-least', 'at-most'));
