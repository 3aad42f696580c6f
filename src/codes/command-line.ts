import type { CodeWords } from './code-words.ts'

/** What the commands refuse. Each says with `--help` what it takes. */
export const commandCodes = {
  option: { status: null, means: 'The options contradict each other, or one is missing. The message says which.' },
  again: { status: null, means: '--again takes no, failed, succeeded or all.' },
  backfill: { status: null, means: 'This is no id of a backfill. daybreak backfill and the board say them.' },
  compare: { status: null, means: 'A report cannot be compared with this. The message lists what --compare takes.' },
  count: { status: null, means: 'The option takes a whole number, up to the one that the message names.' },
  day: { status: null, means: 'This is no day. Write it as 2026-11-20.' },
  days: { status: null, means: '--days takes a whole number above 0.' },
  filter: { status: null, means: 'Runs cannot be chosen like this. The message names each option that is wrong.' },
  format: { status: null, means: 'Reports have no such format. The message lists those they have.' },
  link: { status: null, means: 'This is neither a mailed link nor the id of a report.' },
  only: { status: null, means: '--only names a dimension and a member, such as sector=sales.' },
  payload: { status: null, means: '--payload is no JSON. Quote it whole, so that the shell leaves it as it is.' },
  reprocess: { status: null, means: '--reprocess does not take this word. The message lists those it takes.' },
  reset: {
    status: null,
    means: '--reset deletes the embedded database only. Empty the one that DATABASE_URL names yourself.',
  },
  'runs-max': { status: null, means: '--runs-max takes a whole number, up to the one that the message names.' },
  window: {
    status: null,
    means: 'The days of the report are missing or wrong. Give --month, --period, or --from and --to.',
  },
  role: { status: null, means: 'People and keys have no such role. The message lists those there are.' },
  'unknown-role': { status: null, means: 'A process has no such role. The message lists those that --roles takes.' },

  'client-id': { status: null, means: 'The id of a client has lower-case letters, digits and hyphens.' },
  'client-name': { status: null, means: 'A client needs a name; it stands on reports.' },
  'client-exists': { status: null, means: 'A client of this id exists already. daybreak client list shows them.' },
  'time-zone': { status: null, means: 'This is no IANA time zone, such as Europe/London.' },
  currency: { status: null, means: 'This is no ISO 4217 currency code, such as EUR.' },
  locale: { status: null, means: 'This is no BCP 47 language tag, such as de-CH.' },

  'run-failed': {
    status: null,
    means: 'The run did not succeed. The message has its error, the board its tries and log.',
  },
  'report-failed': {
    status: null,
    means: 'The report was not made. The message has the error of its run, the board its tries and log.',
  },
  'backfill-failed': {
    status: null,
    means: 'Not every run of the backfill succeeded. The message counts them; the board shows and retries them.',
  },
  'erasure-open': {
    status: null,
    means: 'The erasure is not finished yet and goes on by itself. Look at its run on the board.',
  },
} as const satisfies Record<string, CodeWords>
