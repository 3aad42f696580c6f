-- Plans runs again that are no longer in their queue or whose node has forgotten them, unless they have moved on since
-- they were looked at. The attempt of one that was at work goes on record as lost, and counts as in claim-runs.sql.
-- Twice changes nothing: the state is no longer as seen. $1 jsonb array of { id, state, attempt } as they were seen.
-- Returns those that changed.
with seen as (
  select * from jsonb_to_recordset($1::jsonb) as s (id uuid, state text, attempt integer)
), held as (
  select r.id, r.state, r.attempt, r.node, r.started_at
  from runs r join seen s on s.id = r.id and s.state = r.state and s.attempt = r.attempt order by r.id for no key update of r
), lost as (
  insert into run_attempts (run_id, attempt, node, started_at, finished_at, outcome)
  select id, attempt, node, started_at, now(), 'lost' from held where state = 'running'
)
update runs set
  -- Whoever asked for a stop gets one.
  state = case when runs.cancel_requested_at is null then 'planned' else 'cancelled' end,
  finished_at = case when runs.cancel_requested_at is not null then now() end,
  crashes = case when held.state <> 'running' then crashes else greatest(crashes, 1 + (
    select count(*) from run_attempts a where a.run_id = runs.id and a.outcome = 'lost' and a.started_at >= runs.planned_at
  )::int / 8) end
from held where runs.id = held.id
returning runs.id
