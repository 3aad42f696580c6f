-- A ledger of finished runs as a year leaves it: $1 runs of 50 clients, 50 a client and night, the newest night ending
-- now. Two clients have been gone for most of it, one job is no longer run, one run in forty failed. The same every
-- time: chance is a hash of the number.
with dice as (
  select n, n / 2500 as night_no, (n / 50) % 50 as client_no, n % 50 as slot, abs(hashint8(n)) % 1000 as chance
  from generate_series(0, $1::bigint - 1) as n
), cast_dice as (
  select *, (current_date - 1 - (($1::bigint - 1) / 2500 - night_no)::integer) as night,
    case when client_no >= 48 and night_no > 80 then 0 else client_no end as client
  from dice
), told as (
  select *,
    (night + 1)::timestamptz - interval '1 day' + make_interval(secs => client_no * 7 + slot * 0.11) as planned_at,
    case
      when slot = 0 then 'roll-up-day' when slot = 1 then 'refresh-tiers' when slot = 2 and night_no < 40 then 'old-import'
      when slot = 2 then 'forecast-call-volume' when slot < 13 then 'render-report' else 'deliver-copy'
    end as job,
    case when chance < 25 then 'failed' when chance < 28 then 'cancelled' else 'succeeded' end as state
  from cast_dice
)
insert into runs (
  job, key, queue, client_id, night, window_from, window_to, payload, state, origin, requested_by, due_at, priority, attempt, failures,
  node, progress, planned_at, queued_at, started_at, finished_at, error_code, error_message
)
select
  job, format('client-%s.%s.%s', client, night, md5(n::text)::uuid),
  case when slot = 0 then 'aggregation' when slot = 1 then 'segments' when slot = 2 then 'predictions'
    when slot < 13 then 'reports' else 'deliveries' end,
  'client-' || client, night, night, night + 1,
  jsonb_build_object('clientId', 'client-' || client, 'day', night, 'report', 'performance'), state,
  case when slot >= 13 then 'follow-up' when chance > 990 then 'person' when chance > 980 then 'backfill' else 'schedule' end,
  case when slot < 13 and chance > 990 then 'Ada Lovelace' end, planned_at, 2, case state when 'failed' then 5 else 1 end,
  case state when 'failed' then 5 else 0 end, 'worker-' || n % 4, 1, planned_at, planned_at + interval '1 second',
  planned_at + interval '2 seconds', planned_at + interval '5 seconds',
  case when state = 'failed' then (array['smtp-refused', 'deadline', 'error', 'no-such-object'])[1 + chance % 4] end,
  case when state = 'failed' then format((array[
    'the mail server refused agent-%s@example.com: 550 mailbox unavailable', 'it ran longer than its job allows and was stopped (%s)',
    'relation of batch %s is locked by another transaction', 'the object reports/%s.pdf is not in the store'
  ])[1 + chance % 4], md5(n::text)) end
from told
order by n
