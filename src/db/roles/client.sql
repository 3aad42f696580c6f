-- The role that every session which works for one client is a member of, and what nobody may do unasked. Applied before
-- all else: functions and tables grant to it.

do $$ begin
  if not exists (select from pg_roles where rolname = 'daybreak_client') then
    create role daybreak_client nologin;
  end if;
  if not pg_has_role(current_user, 'daybreak_client', 'member') then grant daybreak_client to current_user; end if;
end $$;
grant usage on schema public to daybreak_client;

-- A function is for whom its file grants it to, and nobody but the owner makes anything here.
alter default privileges revoke execute on functions from public;
revoke create on schema public from public;
