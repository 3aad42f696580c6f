-- For the erasure of a customer (src/privacy): what a JSON document reads when a customer is called otherwise. word is
-- a regular expression that finds the id in any text; null: the id is too much like other words, and stands for the
-- customer only as a whole value under a key that speaks of a customer. under: the key that doc stands under.
create or replace function rename_in_json(doc jsonb, id text, word text, new_name text, under text default '') returns jsonb
language plpgsql immutable parallel safe as $$
declare
  sort text := jsonb_typeof(doc);
begin
  if sort = 'object' then
    return (
      select coalesce(jsonb_object_agg(
        case when word is null then key else regexp_replace(key, word, new_name, 'g') end,
        rename_in_json(value, id, word, new_name, key)), '{}')
      from jsonb_each(doc));
  elsif sort = 'array' then
    return (
      select coalesce(jsonb_agg(rename_in_json(value, id, word, new_name, under) order by place), '[]')
      from jsonb_array_elements(doc) with ordinality as elements (value, place));
  elsif sort = 'string' and word is not null then
    return to_jsonb(regexp_replace(doc #>> '{}', word, new_name, 'g'));
  elsif sort in ('string', 'number') and doc #>> '{}' = id and (word is not null or under ~* 'customer') then
    return to_jsonb(new_name);
  end if;
  return doc;
end $$;
grant execute on function rename_in_json(jsonb, text, text, text, text) to daybreak_client;
