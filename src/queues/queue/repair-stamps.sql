-- Sets right what a worker with a wrong clock has left in BullMQ's tables on PostgreSQL, before it stood back: a check
-- for stalled jobs said to have been made in the future, which would put off every other one until then, and locks
-- nobody could outwait. $1 how long a lock lasts, $2 how far a clock may be off, both in milliseconds, $3 the queues.
-- Twice changes nothing. Uses job_active_idx.
with clock as (
  select (extract(epoch from clock_timestamp()) * 1000)::bigint as ms
), checks as (
  update bullmq.meta set value = ms::text from clock where field = 'stalled-check' and value::bigint > ms + $2
)
update bullmq.job set locked_until_ms = ms + $1 from clock
where queue = any($3) and state = 'active' and locked_until_ms > ms + $1 + $2
