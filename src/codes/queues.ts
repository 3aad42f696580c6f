import { type CodeWords, RETRY } from './code-words.ts'

/** Jobs, runs, schedules and backfills, and the queues they wait in. */
export const queueCodes = {
  'unknown-job': {
    status: 404,
    means: 'No job has this name. GET /api/jobs lists them.',
    advice: `No node that works has such a job. Start workers of the version that asked for it, then ${RETRY}`,
    runbook: 'upgrade',
  },
  'invalid-payload': {
    status: 422,
    means:
      'The payload does not fit the job; `detail` names each field that is wrong. docs/jobs.md says what it takes.',
    advice:
      'What it was asked to do does not fit its job, most often after an upgrade. Ask for it again with what the job takes now: docs/jobs.md',
    runbook: null,
  },
  'unknown-run': { status: 404, means: 'There is no run of this id. Runs are deleted after LEDGER_TTL_DAYS.' },
  'not-retryable': { status: 409, means: 'Only a failed or cancelled run can be retried.' },
  'not-cancellable': { status: 409, means: 'Only a planned, queued or running run can be cancelled.' },
  'more-match': {
    status: 409,
    means: 'More runs match than the count that came with the request. Count again.',
  },
  'too-many': {
    status: 422,
    means: 'The action would change more runs than one request may. Narrow the filter down.',
  },

  'unknown-schedule': { status: 404, means: 'There is no schedule of this id. GET /api/schedules lists them.' },
  'invalid-cron': {
    status: 422,
    means: 'The cron expression cannot be read, or names a day that never comes; `detail` says which.',
  },
  'invalid-zone': {
    status: 422,
    means: 'The time zone is no IANA name, such as Europe/Zurich, or the schedule has no client to take one from.',
  },
  'broken-schedule': {
    status: 409,
    means: 'A schedule of the night cannot be read; fix it first. Its page says what is wrong.',
  },
  'not-declared': {
    status: 409,
    means: 'Nothing declares the schedule, so there is nothing to take its edits back to.',
  },
  'no-such-schedule': { status: 422, means: 'The client has no schedule of this name for this job.' },
  'not-scheduled': {
    status: 422,
    means: 'The job is not scheduled for each client, so it has no windows to fill.',
  },
  'schedule-needed': { status: 422, means: 'The job runs by schedules of its own; name one.' },
  range: { status: 422, means: 'The days are none, not over yet, or too many.' },
  'unknown-backfill': { status: 404, means: 'There is no backfill of this id. GET /api/backfills lists them.' },

  error: {
    status: null,
    means:
      'The run failed with an error that has no code of its own. Its page has the message of every try, and its log.',
    advice: `The page of the run has every try with its error and its log. Fix the reason, then ${RETRY}`,
  },
  deadline: {
    status: null,
    means: 'The run took longer than its job allows and was stopped. Look in its log for where the time went.',
    advice: `It ran longer than its job allows. Look at the log lines of its tries for where the time went, and at the load of the database. Then ${RETRY}`,
  },
  crashed: {
    status: null,
    means: 'The process of the run ended under it too often, so it is not tried again by itself. Look at its tries.',
    advice: `It takes its process with it: memory, mostly. Look at its tries and at the kernel's log before you ${RETRY}`,
  },
  'out-of-memory': {
    status: null,
    means: 'A try needed more memory than its job allows. A smaller window may do.',
    advice: `It needed more memory than its job allows. A smaller window may do. Then ${RETRY}`,
  },
  'child-exited': {
    status: null,
    means:
      'The process of a try ended before the run had. The try has its last words, and the kernel’s log may say why.',
  },
  unresponsive: {
    status: null,
    means:
      'The process of a try did not start, or did not stop when told to, and was ended. Look at the load of its node.',
  },
  uncaught: {
    status: null,
    means: 'A try threw an error where nothing catches it: a mistake of ours. The try has where it happened.',
  },
  'given-back': {
    status: null,
    means: 'The try ended without a fault: its node shut down, or it has to wait. The run is tried again by itself.',
  },
  'database-away': {
    status: null,
    means: 'The database could not be reached during the try. The run is tried again by itself, and no try is spent.',
  },
  'known-elsewhere': {
    status: null,
    means: 'The node that took the run does not know its job, and another does: it is left for that one.',
  },
  discarded: {
    status: null,
    means: 'A person set the failed run aside. Its page says who, and why it had failed.',
  },

  redis: {
    status: null,
    means: 'Redis at REDIS_URL cannot be used for queues; the message says why. Correct REDIS_URL, or that server.',
  },
} as const satisfies Record<string, CodeWords>
