-- What an erasure keeps while it is under way. No pseudonym any more: each time over the customer gets another one, for the same customer may
-- come in again meanwhile, and two customers cannot become one. The name instead, by which files that are made meanwhile are found.
alter table erasures drop column pseudonym;
alter table erasures add column pending_name text check (finished_at is null or pending_name is null);
update erasures e set pending_name = c.name
from customers c where c.client_id = e.client_id and c.id = e.pending_id;
