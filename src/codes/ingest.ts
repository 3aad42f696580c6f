import type { CodeWords } from './code-words.ts'

/** Facts that are sent and files that are imported. */
export const ingestCodes = {
  'unknown-kind': { status: 400, means: 'There is no such kind of fact; the message names the nearest.' },
  'invalid-fact': { status: 422, means: 'A fact is wrong; `errors` names each field at fault, and why.' },
  'too-many-facts': { status: 413, means: 'More facts than one request may bring. Send them in parts.' },
  mapping: { status: 400, means: 'The mapping of columns is wrong; the message names the place.' },

  'no-such-file': { status: 400, means: 'There is no file of this name. Correct its path.' },
  'not-a-file': { status: 400, means: 'The path leads to a folder. Name a file in it.' },
  unreadable: {
    status: 400,
    means: 'The file cannot be read; the message says why. Let this account read it, or copy it to another place.',
  },
  pipe: {
    status: 400,
    means: 'A format that is read more than once does not come through a pipe. Save it as a file first.',
  },
  'foreign-file': {
    status: 400,
    means:
      'The file is of another format than it says, or of one that is not read. Save it as CSV, JSON Lines or .xlsx.',
  },
  'broken-file': {
    status: 400,
    means: 'The file is damaged or cut off. Get it again; importing rows again is harmless.',
  },
  'broken-quotes': {
    status: 400,
    means:
      'Too many lines open a quote that nothing closes. Double the quotes inside quotes, or name another delimiter.',
  },
  'zip-bomb': {
    status: 400,
    means: 'The file unpacks to far more than any table does, so it is not read. Send it unpacked if it is right.',
  },
  'too-large': {
    status: 400,
    means: 'The workbook holds more text than is read of one. Save the sheet as CSV.',
  },
  'too-many-rows': { status: 400, means: 'The file has more rows than are read of one. Split it.' },
  'too-many-columns': {
    status: 400,
    means: 'The file has more columns than are read. Leave out those that are empty or not needed.',
  },
  'bad-header': {
    status: 400,
    means:
      'The line that names the columns cannot be read, or names one twice. Correct it, or name its row and delimiter.',
  },
  'no-rows': { status: 400, means: 'The file has no rows below its header. Was the right file or sheet sent?' },
  'no-such-sheet': { status: 400, means: 'The workbook has no sheet as asked; the message lists those it has.' },
  'missing-column': {
    status: 400,
    means: 'The file lacks a column that is needed. Correct its header, or say in a mapping which column is which.',
  },
  'unknown-column': {
    status: 400,
    means: 'The file has a column that nothing reads. Read it in the mapping, or name it there in "ignore".',
  },
  'rejects-file': {
    status: null,
    means: 'The rows that were not taken cannot be written to a file. Name another place with --rejects.',
  },
  stopped: { status: null, means: 'The import was stopped before its first row. Nothing was stored.' },
  'import-broken-off': {
    status: 503,
    means: 'Something else than the file ended the import; the message says what, and what is kept. Run it again.',
  },
  'no-such-import': { status: null, means: 'The import was deleted before its run began. Send the file again.' },
  'upload-deleted': {
    status: null,
    means:
      'The file was deleted before its import had ended, because it names an erased customer. Send it without them.',
  },
} as const satisfies Record<string, CodeWords>
