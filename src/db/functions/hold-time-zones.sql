-- Who marks days by a client's time zone holds on to the zone until they commit; who changes it waits for them, and
-- then sees their facts. Else a fact written meanwhile would be marked by the old zone, after the change has looked for
-- facts whose day is another now. A lock of its own, and not one of the client's row: who shares a row lets nobody
-- through who waits to change it, and writes to it each time. One of 256, so that a load of many thousand clients at
-- once does not run out of locks; in one order, so that two wait for each other.
create or replace function hold_time_zones(of_clients text[]) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(hashtext('time-zone'), place)
  from (select distinct hashtext(name) & 255 as place from unnest(of_clients) as name order by 1) places;
end $$;
