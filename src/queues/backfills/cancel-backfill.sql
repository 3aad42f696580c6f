-- Cancels a backfill: what is planned or queued at once, what runs is asked to stop. What somebody else has asked for
-- since (priority below 3) goes on. $1 the backfill. Twice is the same as once: nothing is open the second time, and
-- the first time stays on record. Returns what was stopped and the state it was in. Reads runs_backfill (backfill_id,
-- state).
with held as (
  select id, state from runs
  where backfill_id = $1 and priority = 3 and state in ('planned', 'queued', 'running') and cancel_requested_at is null
  -- As in claim-runs.sql.
  order by id for no key update
), stopped as (
  update runs set
    state = case held.state when 'running' then 'running' else 'cancelled' end,
    finished_at = case held.state when 'running' then finished_at else now() end,
    cancel_requested_at = now()
  from held where runs.id = held.id
  returning runs.id, runs.queue, held.state as was
), marked as (
  update backfills set cancelled_at = now() where id = $1 and cancelled_at is null and exists (select from held)
)
select id, queue, was from stopped
