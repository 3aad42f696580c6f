-- One file is imported in earnest once, however often and by whomever at once it is asked for. Of several that there may be by now the newest
-- keeps the file; the others have read it already, or never will.
update imports i set object_key = i.object_key || '#' || i.id
where not i.dry_run and exists (
  select from imports j
  where j.client_id = i.client_id and j.object_key = i.object_key and not j.dry_run and (j.created_at, j.id) > (i.created_at, i.id)
);
create unique index imports_in_earnest on imports (client_id, object_key) where not dry_run;
