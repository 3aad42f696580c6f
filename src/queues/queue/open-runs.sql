-- Runs the ledger believes to be in a queue or at work for longer than $1 milliseconds.
-- orphaned: its node has given no sign of life for ten seconds. overdue: its time came five seconds ago, so no queue
-- should still put it off.
select r.id, r.queue, r.state, r.attempt, r.state = 'queued' and r.not_before <= now() - interval '5 seconds' as overdue,
  not exists (select from nodes n where n.id = r.node and n.seen_at > now() - interval '10 seconds') as orphaned
from runs r
where r.state in ('queued', 'running') and r.not_before <= now()
  and coalesce(case r.state when 'running' then r.started_at end, r.queued_at, r.planned_at)
    <= now() - make_interval(secs => $1::double precision / 1000)
