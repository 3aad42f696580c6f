-- An import names the run that does it, which is planned in the transaction that records the import.
alter table imports add column run_id uuid;
update imports i set run_id = r.id from runs r where r.job = 'import-file' and r.client_id = i.client_id and r.key = i.client_id || '.' || i.id;
