-- A node says which jobs it knows, so that one of an older version can tell whether anybody knows a run's job. null: a version that did not say.
alter table nodes add column jobs text[];
