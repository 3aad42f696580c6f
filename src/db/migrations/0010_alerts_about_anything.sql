-- An alert is about a thing of any kind: a run, a queue, and what later kinds of alert are about. Which kinds there are is declared in
-- src/alerts/kinds, where one more is one file: no check repeats them here.
alter table alerts
  -- What it is about: a kind of thing, and its id among the things of that kind that its client has.
  add column subject_kind text,
  add column subject_id text,
  -- Which time of it, such as a run's attempt; the same time is told once. Empty: it is told once, ever.
  add column episode text not null default '';

update alerts set
  subject_kind = case kind when 'queue-old' then 'queue' else 'run' end,
  subject_id = split_part(subject, '.', 1),
  episode = substr(subject, length(split_part(subject, '.', 1)) + 2);

alter table alerts
  alter column subject_kind set not null,
  alter column subject_id set not null,
  drop constraint alerts_kind_check,
  drop column subject,
  drop column run_id,
  -- Two clients may have things of one id.
  add constraint alerts_subject_key unique nulls not distinct (kind, subject_id, episode, client_id);
