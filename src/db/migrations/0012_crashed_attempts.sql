-- An attempt whose process ended under it has an outcome of its own: it counts as a crash, not as a failure.

alter table run_attempts drop constraint run_attempts_outcome_check;
alter table run_attempts add constraint run_attempts_outcome_check
  check (outcome in ('succeeded', 'failed', 'retried', 'cancelled', 'given-back', 'lost', 'crashed'));
