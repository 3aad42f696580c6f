-- Erasures have a queue of their own. Those that wait in the queue of imports are handed over anew; what is left of them there belongs to no
-- run of that queue and is passed over. One that is at work ends where it is.
update runs set queue = 'erasures', state = case state when 'queued' then 'planned' else state end
where job = 'erase-customer' and queue = 'imports' and state <> 'running';
