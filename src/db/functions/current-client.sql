-- The client that this session works for, or null. The name stands in a setting, which SQL may change; so a session
-- that signed in as a client's role has to prove it by what only the program can work out: HMAC-like, bound to this one
-- session. Whoever signed in as owner needs no proof, and gets only that client's rows all the same.
create or replace function current_client() returns text
language plpgsql stable parallel restricted security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  named text := nullif(current_setting('daybreak.client_id', true), '');
  proof text;
begin
  if named is null or session_user = current_user then return named; end if;
  select encode(sha256(secret || sha256(secret || convert_to(pg_backend_pid() || '.' || named, 'UTF8'))), 'hex') into proof from client_proofs;
  if current_setting('daybreak.client_proof', true) is distinct from proof then
    raise exception 'this session may not work for the client it names' using errcode = 'insufficient_privilege';
  end if;
  return named;
end $$;
grant execute on function current_client() to daybreak_client;
