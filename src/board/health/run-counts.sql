-- Grain: one row per job and state: runs that are open now, and those that failed within the last seven days and that
-- nobody has retried. What succeeded or was cancelled is not counted here, for that grows without end: attempts are
-- counted as they end. One part for each partial index (runs_planned, runs_in_flight, runs_failed), for no index holds
-- all of them.
select job, state, count(*)::int as runs from runs where state = 'planned' group by job, state
union all
select job, state, count(*)::int from runs where state in ('queued', 'running') group by job, state
union all
select job, state, count(*)::int from runs where state = 'failed' and finished_at > now() - interval '7 days' group by job, state
