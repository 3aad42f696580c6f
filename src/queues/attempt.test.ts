import { expect, test } from 'vitest'
import { InputError, PermanentError, RetryLaterError } from '../errors.ts'
import { backoffMs, judge, StopError } from './attempt.ts'

const retry = { attempts: 3, delayMs: 1000, maxDelayMs: 5000 }
const calm = new AbortController().signal

function stopped(why: StopError['why']): AbortSignal {
  const controller = new AbortController()
  controller.abort(new StopError(why))
  return controller.signal
}

test('waits grow twofold up to the cap, with jitter over their upper half', () => {
  expect([1, 2, 3, 4, 9].map((failures) => backoffMs(retry, failures, 1))).toEqual([1000, 2000, 4000, 5000, 5000])
  expect([1, 2, 3, 4, 9].map((failures) => backoffMs(retry, failures, 0))).toEqual([500, 1000, 2000, 2500, 2500])
})

test('what an error means follows from who threw it, not from its message', () => {
  expect(judge(new Error('x'), calm, { failures: 0 }, retry)).toMatchObject({ kind: 'retried', code: 'error' })
  expect(judge(new Error('x'), calm, { failures: 2 }, retry)).toMatchObject({ kind: 'failed', code: 'error' })
  expect(judge(new PermanentError('smtp-refused', 'x'), calm, { failures: 0 }, retry)).toMatchObject({
    kind: 'failed',
    code: 'smtp-refused',
  })
  expect(judge(new InputError('unknown-report', 'x'), calm, { failures: 0 }, retry)).toMatchObject({
    kind: 'failed',
    code: 'unknown-report',
  })
  expect(judge(new RetryLaterError(700, 'x'), calm, { failures: 2 }, retry)).toMatchObject({
    kind: 'given-back',
    waitMs: 700,
  })
})

test('whoever stopped the run decides how it ended, whatever the job threw on the way out', () => {
  expect(judge(new Error('aborted'), stopped('cancel'), { failures: 2 }, retry)).toEqual({ kind: 'cancelled' })
  expect(judge(new Error('aborted'), stopped('shutdown'), { failures: 2 }, retry)).toMatchObject({
    kind: 'given-back',
    waitMs: 0,
  })
  expect(judge(new Error('aborted'), stopped('lost'), { failures: 2 }, retry)).toEqual({ kind: 'lost' })
  expect(judge(new Error('aborted'), stopped('deadline'), { failures: 2 }, retry)).toMatchObject({
    kind: 'failed',
    code: 'deadline',
  })
})
