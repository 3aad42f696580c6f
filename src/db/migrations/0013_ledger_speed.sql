-- The ledger at a thousand runs a second.

-- One row per attempt that ended, written once: the attempt under way is the run's own row (attempt, node, started_at).
delete from run_attempts where outcome is null;
alter table run_attempts alter column finished_at set not null;
alter table run_attempts alter column outcome set not null;

-- What a dispatcher asks for: which clients of which queue have planned runs, the first of each, and how many are under way.
drop index runs_waiting;
create index runs_planned on runs
  (queue, coalesce(client_id, ''), priority, due_at nulls first, planned_at, position, id) where state = 'planned';
drop index runs_open;
create index runs_in_flight on runs (queue, coalesce(client_id, '')) where state in ('queued', 'running');
create index runs_on_node on runs (node) where state = 'running';
create index runs_schedule on runs (schedule_id, due_at) where state in ('planned', 'queued', 'running') and schedule_id is not null;

-- Every run is written four times within moments: what that leaves behind is cleared away early.
alter table runs set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
