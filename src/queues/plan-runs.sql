-- Writes planned runs and what they wait for. One row of `runs` per job and key, ever: planning twice is the same as once,
-- because a run that exists is left as it is and gets no new dependencies.
-- $1 jsonb array of { id, job, key, queue, clientId, night, windowFrom, windowTo, payload,
-- origin, requestedBy, scheduleId, dueAt, lateAt, priority, isSerial, backfillId,
-- position, traceParent, after: [{ job, key }] }
-- Returns the rows that were new. Uses runs_job_key_key.
with given as (
  select * from jsonb_to_recordset($1::jsonb) as g (
    id uuid, job text, key text, queue text, "clientId" text, night date, "windowFrom" date, "windowTo" date,
    payload jsonb, origin text, "requestedBy" text, "scheduleId" text, "dueAt" timestamptz, "lateAt" timestamptz, priority smallint,
    "isSerial" boolean, "backfillId" uuid, position integer, "traceParent" text, after jsonb
  )
), planned as (
  insert into runs (
    id, job, key, queue, client_id, night, window_from, window_to, payload, origin, requested_by, schedule_id, due_at, late_at, priority,
    is_serial, backfill_id, position, trace_parent
  )
  select
    id, job, key, queue, "clientId", night, "windowFrom", "windowTo", payload, origin, "requestedBy", "scheduleId", "dueAt", "lateAt",
    priority, coalesce("isSerial", false), "backfillId", coalesce(position, 0), "traceParent"
  from given
  -- One order for everybody: two planners that meet wait for each other instead of locking each other out.
  order by job, key
  on conflict (job, key) do nothing
  returning id, job, key
), waiting as (
  insert into run_dependencies (run_id, job, key)
  select planned.id, after.job, after.key
  from planned join given using (id), jsonb_to_recordset(given.after) as after (job text, key text)
)
select id, job, key from planned
