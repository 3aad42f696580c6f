import { expect, test } from 'vitest'
import { z } from 'zod'
import { InputError, RetryLaterError } from '../../errors.ts'
import { fieldErrors, HttpError, httpErrorOf, problemDocument } from './problem.ts'

const ID = '0199aaaa-0000-7000-8000-000000000000'

test('a refusal names each field by JSON pointer, and unknown fields by their own name', () => {
  const schema = z.strictObject({ day: z.iso.date(), list: z.array(z.strictObject({ 'a/b': z.number() })) })
  const { error } = schema.safeParse({ day: 'soon', list: [{ 'a/b': 'x', more: 1 }], other: 2 })
  expect(error && fieldErrors('body', error)).toEqual([
    { in: 'body', pointer: '/day', detail: 'Invalid ISO date' },
    { in: 'body', pointer: '/list/0/a~1b', detail: 'Invalid input: expected number, received string' },
    { in: 'body', pointer: '/list/0/more', detail: 'There is no such field.' },
    { in: 'body', pointer: '/other', detail: 'There is no such field.' },
  ])
})

test('an unexpected error shows nothing of itself', () => {
  const document = problemDocument(httpErrorOf(new Error('password is hunter2')), ID)
  expect(document).toEqual({
    type: '/docs/problems#internal-error',
    title: 'Internal Server Error',
    status: 500,
    detail: 'Something went wrong on our side.',
    code: 'internal-error',
    instance: `urn:uuid:${ID}`,
  })
})

test.each([
  ['an InputError keeps its code and status', new InputError('not-retryable', 'It runs.'), 409, 'not-retryable'],
  [
    'a lost database is no fault of the caller',
    Object.assign(new Error(), { code: 'ECONNREFUSED' }),
    503,
    'unavailable',
  ],
  ['what has waited for others long enough', new RetryLaterError(4500, 'Others write.'), 503, 'busy'],
  ['a value the database refuses is', Object.assign(new Error(), { code: '22008' }), 422, 'unstorable-value'],
  ['an address that cannot be decoded', Object.assign(new URIError(), { status: 400 }), 400, 'invalid-path'],
  ['a problem stays what it is', new HttpError('unknown-job', 'No.', { status: 422 }), 422, 'unknown-job'],
  [
    'what is wrong with the machine is no fault of the caller',
    new InputError('no-space', 'Full.'),
    500,
    'internal-error',
  ],
])('%s', (_rule, error, status, code) => {
  const mapped = httpErrorOf(error)
  expect([mapped.status, mapped.code]).toEqual([status, code])
})

test('who is to come back later is told when', () => {
  expect(httpErrorOf(new RetryLaterError(4500, 'Others write.')).headers).toEqual({ 'Retry-After': '5' })
})
