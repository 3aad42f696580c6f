-- Sets runs aside: what is planned or queued is cancelled at once, what runs is asked to stop, and what failed counts
-- as trouble no more; it keeps its attempts, and its row says who set it aside and why it had failed. $1 ids, $2 the
-- states to take them from, $3 who asks. Twice is the same as once: a cancelled run is in none of the states. Returns
-- what changed and the state it was in.
with held as (
  select id, state from runs
  where id = any($1::uuid[]) and state = any($2::text[]) and (state <> 'running' or cancel_requested_at is null)
  -- As in claim-runs.sql.
  order by id for no key update
)
update runs r set
  state = case held.state when 'running' then 'running' else 'cancelled' end,
  finished_at = case when held.state in ('planned', 'queued') then now() else r.finished_at end,
  cancel_requested_at = now(),
  requested_by = $3,
  error_code = case held.state when 'failed' then 'discarded' else r.error_code end,
  error_message = case held.state
    when 'failed' then format('%s set it aside. It had failed: %s (%s)', $3::text, r.error_message, r.error_code)
    else r.error_message
  end
from held where r.id = held.id
returning r.id, r.queue, held.state as was
