import type { CodeWords } from './code-words.ts'

/** What keeps the program from its work at all: its settings, its machine and its database. */
export const machineCodes = {
  configuration: {
    status: null,
    means: 'A setting is wrong; the message names each, and docs/configuration.md says what it takes.',
  },
  'data-folder': { status: null, means: 'DATA_DIR cannot be used. Set it to a folder that this account may write.' },
  'folder-locked': {
    status: null,
    means: 'Another process holds a file of the data folder. If none runs, delete the file that the message names.',
  },
  'no-space': { status: null, means: 'The disk is too full. Free some of it, or set DATA_DIR to a folder elsewhere.' },
  'in-use': { status: null, means: 'Another Daybreak uses the data folder. Stop that one first.' },
  clock: {
    status: null,
    means: 'The clock of the machine differs too much from that of the database. Set it right, best with NTP.',
  },
  interrupted: {
    status: null,
    means: 'It was stopped on request. What was finished is kept; start it again to go on.',
  },

  'no-database': {
    status: null,
    means: 'The database cannot be reached, or refuses the connection. Check DATABASE_URL, and that the server runs.',
  },
  'old-schema': {
    status: null,
    means: 'The database was made before the first release. Start with an empty one, and import the facts again.',
  },
  'changed-migration': {
    status: null,
    means: 'A migration was changed after it had been applied. Take the change back and write it into a new file.',
  },
  'unknown-migration': {
    status: null,
    means: 'A newer version has migrated the database. Start that version, or restore a backup from before it.',
  },
  'old-postgres': {
    status: null,
    means: 'The PostgreSQL server is older than version 15. Upgrade it, or name another.',
  },
  'wrong-session': {
    status: null,
    means:
      'A connection to the database is not as it was asked for; the message says what a role or pooler must leave.',
  },
  'no-client-login': {
    status: null,
    means: 'The database lacks the role in which work for one client signs in. Run daybreak migrate.',
  },
  'embedded-postgres': {
    status: null,
    means: 'The embedded PostgreSQL did not start; the message says why. Correct that, or set DATABASE_URL.',
  },
  'no-embedded-postgres': {
    status: null,
    means: 'npm has no PostgreSQL for this kind of machine. Set DATABASE_URL to a server of your own.',
  },
} as const satisfies Record<string, CodeWords>
