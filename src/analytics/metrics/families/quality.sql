-- agent_metrics from call_quality_scores and call_quality_issues: adds the reviews, and the issues noted and settled,
-- of each local hour. Reads the scores by (client_id, reviewed_at), the issues by (client_id, noted_at) and (client_id,
-- resolved_at). Sets, never adds, and the day's rows were deleted in the same transaction, so twice is the same as
-- once. Scores are kept in hundredths. An issue that was settled before it was noted is quarantined on the day it was
-- noted, and counts nowhere.
with noted as (
  insert into quarantined_facts (client_id, day, fact_table, fact_id, reason)
  select :client_id, :day, 'call_quality_issues', id, issue_fault(noted_at, resolved_at)
  from call_quality_issues
  where client_id = :client_id and noted_at >= :from and noted_at < :to and issue_fault(noted_at, resolved_at) is not null
  -- An issue may be on the day twice, at two instants.
  on conflict (client_id, day, fact_table, fact_id) do nothing
), facts as (
  select
    reviewed_at as at, agent_id, sector_id, channel, 1 as reviews, round(overall * 100)::integer as quality_centi,
    professionalism, empathy, resolution, clarity, responsiveness,
    round(audio_clarity * 100)::integer as audio_clarity_centi, round(background_noise * 100)::integer as noise_centi,
    null as severity, null as category, null::integer as settled
  from call_quality_scores
  where client_id = :client_id and reviewed_at >= :from and reviewed_at < :to
  union all
  select noted_at, agent_id, sector_id, channel, null, null, null, null, null, null, null, null, null, severity, category, null
  from call_quality_issues
  where client_id = :client_id and noted_at >= :from and noted_at < :to and issue_fault(noted_at, resolved_at) is null
  union all
  select resolved_at, agent_id, sector_id, channel, null, null, null, null, null, null, null, null, null, null, null, 1
  from call_quality_issues
  where client_id = :client_id and resolved_at >= :from and resolved_at < :to and issue_fault(noted_at, resolved_at) is null
)
insert into agent_metrics (
  client_id, day, hour_at, agent_id, sector_id, channel,
  {quality}
)
select
  :client_id, :day, date_trunc('hour', at, :time_zone), coalesce(agent_id, ''), coalesce(sector_id, ''), channel,
  sum(reviews), sum(quality_centi), sum(professionalism), nullif(count(professionalism), 0), sum(empathy), nullif(count(empathy), 0),
  sum(resolution), nullif(count(resolution), 0), sum(clarity), nullif(count(clarity), 0),
  sum(responsiveness), nullif(count(responsiveness), 0), sum(audio_clarity_centi), nullif(count(audio_clarity_centi), 0),
  sum(noise_centi), nullif(count(noise_centi), 0),
  nullif(count(*) filter (where severity = 'critical'), 0), nullif(count(*) filter (where severity = 'major'), 0),
  nullif(count(*) filter (where severity = 'minor'), 0), nullif(count(*) filter (where category = 'compliance'), 0),
  nullif(count(*) filter (where category = 'tone'), 0), nullif(count(*) filter (where category = 'procedure'), 0),
  nullif(count(*) filter (where category = 'documentation'), 0), sum(settled)
from facts
group by 3, 4, 5, 6
on conflict (client_id, day, hour_at, agent_id, sector_id, channel) do update set
  {quality: # = excluded.#}
