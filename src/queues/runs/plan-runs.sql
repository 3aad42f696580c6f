-- Writes planned runs and what they wait for. One row of `runs` per job and key, ever: planning twice is the same as
-- once, because a run that exists is left as it is and gets no new dependencies.
-- $1 jsonb array of { id, job, key, queue, clientId, night, windowFrom, windowTo, payload,
-- origin, requestedBy, scheduleId, dueAt, lateAt, priority, isSerial, backfillId,
-- position, traceParent, after: [{ job, key }] }
-- $2 null: the runs wait for the dispatcher. The cap per client of each queue, as JSON: those that wait for nothing are
-- queued at once as long as their client has fewer in flight and nothing of the same urgency waits before them; the
-- caller hands them to their queues. Returns the rows that were new. Uses runs_job_key_key, runs_in_flight,
-- runs_planned.
with given as (
  select * from jsonb_to_recordset($1::jsonb) as g (
    id uuid, job text, key text, queue text, "clientId" text, night date, "windowFrom" date, "windowTo" date,
    payload jsonb, origin text, "requestedBy" text, "scheduleId" text, "dueAt" timestamptz, "lateAt" timestamptz, priority smallint,
    "isSerial" boolean, "backfillId" uuid, position integer, "traceParent" text, after jsonb
  )
), asked as (
  select id, queue, coalesce("clientId", '') as client, priority, row_number() over (partition by queue, "clientId" order by priority) as place
  from given where $2::jsonb is not null and after = '[]' and "isSerial" is not true and "backfillId" is null
), room as materialized (
  select pair.*,
    ($2::jsonb->>pair.queue)::bigint - (
      select count(*) from runs f
      where f.state in ('queued', 'running') and f.queue = pair.queue and coalesce(f.client_id, '') = pair.client
    ) as runs,
    (
      select min(f.priority) from runs f where f.state = 'planned' and f.queue = pair.queue and coalesce(f.client_id, '') = pair.client
    ) as waiting_priority
  from (select distinct queue, client from asked) pair
), at_once as materialized (
  select asked.id from asked join room using (queue, client)
  where asked.place <= room.runs and asked.priority < coalesce(room.waiting_priority, 4)
), planned as (
  insert into runs (
    id, job, key, state, queued_at, queue, client_id, night, window_from, window_to, payload, origin, requested_by, schedule_id, due_at,
    late_at, priority, is_serial, backfill_id, position, trace_parent
  )
  select
    id, job, key, case when at_once.id is null then 'planned' else 'queued' end, case when at_once.id is not null then now() end,
    queue, "clientId", night, "windowFrom", "windowTo", payload, origin, "requestedBy", "scheduleId", "dueAt",
    "lateAt", priority, coalesce("isSerial", false), "backfillId", coalesce(position, 0), "traceParent"
  from given left join at_once using (id)
  -- One order for everybody: two planners that meet wait for each other instead of locking each other out.
  order by job, key
  on conflict (job, key) do nothing
  returning id, job, key, queue, priority, state
), waiting as (
  insert into run_dependencies (run_id, job, key)
  select planned.id, after.job, after.key
  from planned join given using (id), jsonb_to_recordset(given.after) as after (job text, key text)
)
select id, job, key, queue, priority, state from planned
