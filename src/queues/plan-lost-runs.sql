-- Plans runs again that are no longer in their queue, unless they have moved on since they were looked at.
-- $1 jsonb array of { id, state, attempt } as they were seen. Returns those that changed.
update runs r set state = 'planned', crashes = r.crashes + case r.state when 'running' then 1 else 0 end
from jsonb_to_recordset($1::jsonb) as seen (id uuid, state text, attempt integer)
where r.id = seen.id and r.state = seen.state and r.attempt = seen.attempt
returning r.id
