-- Grain: one row per run and owner: whose report it renders, or whose recipient's copy it sends; runs about no schedule
-- have none. $1 ids of runs. Reads runs by id, deliveries, executions and schedules by key.
with asked as (
  select id as run_id, client_id, payload ->> 'scheduleId' as schedule_id, payload ->> 'deliveryId' as delivery_id
  from runs where id = any($1::uuid[]) and client_id is not null
), about as (
  select run_id, client_id, schedule_id from asked where schedule_id is not null
  union all
  select a.run_id, a.client_id, e.schedule_id
  from asked a
  join deliveries d on d.client_id = a.client_id and d.id = a.delivery_id::uuid
  join executions e on e.client_id = d.client_id and e.id = d.execution_id
)
select about.run_id as id, s.owner_address as address
from about join schedules s on s.client_id = about.client_id and s.id = about.schedule_id
where s.owner_address is not null
