-- Refusals and downloads go on record, and may come in floods: the same within a minute is one row that counts.

alter table analytics_audit_log
  -- The minute it is counted in; null: it has its row alone.
  add minute_at timestamptz,
  add times integer not null default 1 check (times > 0);

-- A refusal whatever it was aimed at, so that many aims fill the table no faster than one; a download by what was downloaded.
create unique index analytics_audit_log_refused on analytics_audit_log (actor_kind, actor_id, action, code, minute_at)
  where outcome = 'refused';
create unique index analytics_audit_log_read on analytics_audit_log (actor_kind, actor_id, ip, action, target, minute_at)
  nulls not distinct where outcome = 'done' and minute_at is not null;
