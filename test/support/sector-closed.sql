-- Grain: one row per sector that is closed, by its name, and hour in which it is. No parameters. Writes nothing. Reads
-- sectors.
select id as "subjectId", hour as episode, client_id as "clientId", now() as since, name
from sectors cross join unnest(array['09:00', '10:00']) as hour where name like '%(closed)'
