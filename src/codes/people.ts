import type { CodeWords } from './code-words.ts'

/** Clients, people and keys, and customers who are erased. */
export const peopleCodes = {
  'no-such-client': { status: 422, means: 'The request names a client that does not exist.' },
  'unknown-client': {
    status: null,
    means: 'The client of the run does not exist any more, so there is nothing to do. Cancel what else waits for it.',
  },
  'email-taken': {
    status: 409,
    means: 'Somebody with this e-mail address exists already. Use another, or that person.',
  },
  'invalid-email': { status: 400, means: 'This is no e-mail address; it must look like name@example.com.' },
  'weak-password': {
    status: 400,
    means: 'The password is too short or too long; the message says how long it may be.',
  },
  'no-such-user': { status: 404, means: 'Nobody has this e-mail address. daybreak user list shows who there is.' },
  'no-such-key': {
    status: 404,
    means: 'No key that is in force has this id, prefix or name. daybreak key list shows them.',
  },
  'ambiguous-key': { status: 409, means: 'Several keys have this name. Give the id or the prefix of one.' },
  'too-many-sign-ins': { status: 429, means: 'Too many failed sign-ins; `Retry-After` says when to come back.' },
  'no-such-customer': { status: 404, means: 'Nothing of the client names a customer of this id.' },
  'unknown-erasure': {
    status: null,
    means: 'The erasure was deleted before its run began. Ask for it again if the customer is still there.',
  },
} as const satisfies Record<string, CodeWords>
