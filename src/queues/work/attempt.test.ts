import { expect, test } from 'vitest'
import { DatabaseAwayError, InputError, PermanentError, RetryLaterError } from '../../errors.ts'
import { backoffMs, judge, judgeCrash, StopError, StrayError } from './attempt.ts'

const retry = { attempts: 3, delayMs: 1000, maxDelayMs: 5000 }
const once = { failures: 0, crashes: 0, aways: 0 }
const thrice = { failures: 2, crashes: 0, aways: 0 }
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
  expect(judge(new Error('x'), calm, once, retry)).toMatchObject({ kind: 'retried', code: 'error' })
  expect(judge(new Error('x'), calm, thrice, retry)).toMatchObject({ kind: 'failed', code: 'error' })
  expect(judge(new PermanentError('mail-refused', 'x'), calm, once, retry)).toMatchObject({
    kind: 'failed',
    code: 'mail-refused',
  })
  expect(judge(new InputError('unknown-report', 'x'), calm, once, retry)).toMatchObject({
    kind: 'failed',
    code: 'unknown-report',
  })
  expect(judge(new RetryLaterError(700, 'x'), calm, thrice, retry)).toMatchObject({
    kind: 'given-back',
    waitMs: 700,
  })
})

test('whoever stopped the run decides how it ended, whatever the job threw on the way out', () => {
  expect(judge(new Error('aborted'), stopped('cancel'), thrice, retry)).toEqual({ kind: 'cancelled' })
  expect(judge(new Error('aborted'), stopped('shutdown'), thrice, retry)).toMatchObject({
    kind: 'given-back',
    waitMs: 0,
  })
  expect(judge(new Error('aborted'), stopped('lost'), thrice, retry)).toEqual({ kind: 'lost' })
  expect(judge(new Error('aborted'), stopped('deadline'), thrice, retry)).toMatchObject({
    kind: 'failed',
    code: 'deadline',
  })
})

test('a run that lost the database spends no try, unless it loses it again and again', () => {
  const away = new DatabaseAwayError('x')
  const after = (aways: number) => judge(away, calm, { ...thrice, aways }, retry)
  const code = 'database-away'
  expect([0, 9].map(after)).toEqual([
    { kind: 'given-back', error: away, code, waitMs: expect.closeTo(750, -3) },
    { kind: 'given-back', error: away, code, waitMs: expect.closeTo(22_500, -5) },
  ])
  expect(after(10)).toEqual({ kind: 'failed', error: away, code: 'error' })
})

test('a process that ends costs a try after a wait, until it is once too often: then the last reason is said', () => {
  const error = new Error('the process of the run was killed by SIGKILL')
  const crash = { code: 'child-exited', error } as const
  expect(judgeCrash(crash, { crashes: 0 }, retry)).toMatchObject({ kind: 'crashed', code: 'child-exited', error })
  expect(judgeCrash(crash, { crashes: 2 }, retry)).toMatchObject({ kind: 'crashed', waitMs: expect.any(Number) })
  expect(judgeCrash(crash, { crashes: 3 }, retry)).toMatchObject({
    kind: 'crashed',
    code: 'crashed',
    waitMs: null,
    error: { message: expect.stringContaining('4 times') },
  })
})

test('an error of a run that nobody caught counts as if its process had ended under it', () => {
  const stray = new AbortController()
  stray.abort(new StrayError(new Error('left alone')))
  const after = (crashes: number) => judge(new Error('aborted'), stray.signal, { ...once, crashes }, retry)
  expect(after(0)).toMatchObject({ kind: 'crashed', code: 'uncaught', waitMs: expect.any(Number) })
  expect(after(3)).toMatchObject({ kind: 'crashed', code: 'crashed', waitMs: null })
})
