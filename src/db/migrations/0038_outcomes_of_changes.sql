-- A change goes on record before it is made: a process that dies in between leaves `begun`, and nobody can change anything unseen.

alter table analytics_audit_log
  add outcome text not null default 'done' check (outcome in ('begun', 'done', 'refused', 'failed')),
  -- Why it was refused or failed: the code of the problem it was answered with.
  add code text,
  add check ((code is not null) = (outcome in ('refused', 'failed')));

-- The few that did not end well, among the many that did.
create index analytics_audit_log_outcome on analytics_audit_log (outcome, id desc) where outcome <> 'done';
