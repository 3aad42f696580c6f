-- Grain: one row per alert that is new. $1 the kind; $2 the kind of thing it is about; $3 whether a subject with an
-- open alert is no news; $4 jsonb array of alerts. What is known already is left as it is, so twice is the same as
-- once. Reads and writes alerts by key.
insert into alerts (id, kind, subject_kind, subject_id, episode, client_id, title, message, advice)
select id, $1::text, $2::text, "subjectId", episode, "clientId", title, message, advice
from jsonb_to_recordset($4::jsonb) as g
  (id uuid, "subjectId" text, episode text, "clientId" text, title text, message text, advice text)
where not ($3::boolean and exists (
  select from alerts a
  where a.kind = $1 and a.subject_id = g."subjectId" and a.client_id is not distinct from g."clientId" and a.resolved_at is null
))
on conflict (kind, subject_id, episode, client_id) do nothing
returning id
