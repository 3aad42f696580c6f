import type { CodeWords } from './code-words.ts'

/** What the door of the board refuses, and what only the board can say. */
export const boardCodes = {
  'invalid-json': { status: 400, means: 'The body is not JSON, or holds text that cannot be stored.' },
  'invalid-body': { status: 422, means: 'Fields of the body are missing, unknown or wrong; `errors` names each.' },
  'invalid-query': {
    status: 400,
    means: 'Parameters after the question mark are unknown or wrong; `errors` names each.',
  },
  'invalid-path': { status: 400, means: 'A part of the address is wrong; `errors` names it.' },
  'invalid-cursor': { status: 400, means: 'The cursor was not made by this list. Start again without one.' },
  'invalid-header': { status: 400, means: 'A header is wrong; `errors` names it.' },
  'bad-request': { status: 400, means: 'The request cannot be read.' },
  'sign-in-needed': { status: 401, means: 'Sign in, or send an API key as `Authorization: Bearer dbk_…`.' },
  'invalid-key': { status: 401, means: 'The API key is unknown, expired or revoked.' },
  'invalid-csrf-token': {
    status: 403,
    means: 'A write from a browser must carry the token of its session and come from our own pages.',
  },
  forbidden: { status: 403, means: 'The role of the person or key does not allow this.' },
  'other-client': {
    status: 403,
    means: 'The person or key is bound to one client, and this is about another or about all of them.',
  },
  'not-offered': {
    status: 403,
    means: 'A button of bull-board that would bypass the ledger: use the board’s own pages.',
  },
  'not-found': {
    status: 404,
    means: 'There is nothing at this address, or nothing that this person or key may see.',
  },
  'method-not-allowed': {
    status: 405,
    means: 'The address exists, but not for this method; `Allow` lists those it takes.',
  },
  'wrong-host': {
    status: 421,
    means: 'The Host header names none of the names the board is reached by. The setting PUBLIC_URL is its name.',
  },
  'body-too-large': { status: 413, means: 'The body is larger than the board accepts.' },
  'unsupported-media-type': {
    status: 415,
    means: 'The body is not of a media type that the address takes, or not in UTF-8; `detail` says which it takes.',
  },
  'unstorable-value': { status: 422, means: 'A value is outside what the database can hold.' },
  'idempotency-key-reused': { status: 422, means: 'The Idempotency-Key was used for another request before.' },
  'idempotency-key-busy': {
    status: 409,
    means: 'The first request with this Idempotency-Key is still at work. Send it again when that is done.',
  },
  'too-many-requests': {
    status: 429,
    means: 'More requests than allowed; `Retry-After` says when to come back.',
  },
  'too-many-at-once': {
    status: 429,
    means:
      'More questions that take long than are answered at once for one person or key; ask them one after the other.',
  },
  busy: {
    status: 503,
    means: 'Others are writing the same for so long that the request gave up; `Retry-After` says when to come back.',
  },
  unavailable: {
    status: 503,
    means: 'A part the board depends on, such as the database, cannot be reached. Try again in a moment.',
  },
  'internal-error': {
    status: 500,
    means: 'Something went wrong on our side. The log has it under the request id in `instance`.',
  },

  'client-needed': { status: 400, means: 'The person or key acts for every client: name one as `?client=`.' },
  'file-needed': { status: 400, means: 'The request brings no file, or an empty one.' },
  'file-missing': { status: 404, means: 'The file was deleted, or its report is not finished.' },
  'link-expired': { status: 410, means: 'The mailed link has expired or was revoked. Ask for the report again.' },
  'not-a-dry-run': { status: 409, means: 'Only what a dry run looked at can be imported in earnest.' },
  'job-active': { status: 409, means: 'The job of a queue is at work. Cancel its run instead.' },
  'job-not-delayed': { status: 409, means: 'The job of a queue does not wait for a time any more.' },

  'port-taken': {
    status: null,
    means: 'Another program listens on the port of the board. Stop that one, or set PORT to another port.',
  },
  'port-refused': {
    status: null,
    means: 'The machine does not let the board listen at this address. Set HOST and PORT to one that it may use.',
  },
} as const satisfies Record<string, CodeWords>
