-- Lists of runs that stay quick over a million finished ones.

-- Runs are listed newest first. An open run changes its state three times, and every index on all runs is written anew each time; these
-- are written once, when a run ends. What is open is found by runs_planned and runs_in_flight.
drop index runs_recent;
create index runs_finished on runs (planned_at desc, id desc) where state in ('succeeded', 'failed', 'cancelled');
create index runs_of_client on runs (client_id, planned_at desc, id desc) where state in ('succeeded', 'failed', 'cancelled');
create index runs_of_job on runs (job, planned_at desc, id desc) where state in ('succeeded', 'failed', 'cancelled');
-- Few, and far apart: whoever looks for some of them reads no row of the others.
create index runs_undone on runs (planned_at desc, id desc) include (state, client_id, job) where state in ('failed', 'cancelled');
