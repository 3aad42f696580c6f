-- Everything unsuccessful that runs wait for, however far down, and not below what succeeded: that is not waited for.
-- $1 ids; what is neither planned nor unsuccessful itself waits for nothing. `gone`: something it depends on is not in
-- the ledger any more. Includes the runs themselves.
with recursive needed as (
  select r.id, r.job, r.state, r.payload from runs r where r.id = any($1::uuid[]) and r.state in ('planned', 'failed', 'cancelled')
  union
  select r.id, r.job, r.state, r.payload
  from needed n
  join run_dependencies d on d.run_id = n.id
  join runs r on r.job = d.job and r.key = d.key
  where r.state in ('planned', 'failed', 'cancelled')
)
select id, job, state, payload, exists (
  select from run_dependencies d where d.run_id = needed.id and not exists (select from runs r where r.job = d.job and r.key = d.key)
) as gone
from needed
