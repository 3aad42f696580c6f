-- Closes alerts whose cause is gone; twice is the same as once. A run's alert: it succeeded, was cancelled, or was deleted. run-failed also
-- when a later attempt failed, which has an alert of its own; run-stalled when the run ended at all. queue-old: nothing in the queue has
-- waited longer than half the limit. $1 queues in which something has. Reads alerts_open, runs by id.
update alerts a set resolved_at = now()
where a.resolved_at is null and case
  when a.kind = 'queue-old' then not split_part(a.subject, '.', 1) = any($1::text[])
  when a.run_id is null then true
  else exists (
    select from runs r
    where r.id = a.run_id and (
      r.state in ('succeeded', 'cancelled')
      or (r.state = 'failed' and a.kind = 'run-stalled')
      or (r.state = 'failed' and a.kind = 'run-failed' and a.subject <> r.id || '.' || r.attempt)
    )
  )
end
returning a.id
