-- Grain: one row per sector that is closed, by its name. No parameters. Writes nothing. Reads sectors.
select id as "subjectId", '' as episode, client_id as "clientId", now() as since, name
from sectors where name like '%(closed)'
