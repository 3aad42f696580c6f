import { expect, test } from 'vitest'
import { createLog } from './log.ts'
import { acceptTraceParent, inSpan, isTracing, openTracing, recordSpan, traceParentHere, within } from './tracing.ts'

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

test('without an endpoint nothing is loaded, and work is only done', async () => {
  const close = await openTracing({
    endpoint: undefined,
    headers: {},
    serviceName: 'x',
    version: '1',
    keptShare: 1,
    log: createLog('silent'),
  })
  expect(isTracing()).toBe(false)
  expect(await inSpan('work', {}, null, async () => traceParentHere())).toBe(undefined)
  await expect(inSpan('work', {}, null, () => Promise.reject(new Error('no luck')))).rejects.toThrow('no luck')
  expect(recordSpan('wait', {}, null, { from: 'not', to: 'read' })).toBe(undefined)
  await close()
})

test('a place that another process named is passed on, even by who does not trace', async () => {
  expect(within(PARENT, traceParentHere)).toBe(PARENT)
  expect(await inSpan('work', {}, PARENT, async () => traceParentHere())).toBe(PARENT)
  expect(within(null, traceParentHere)).toBe(undefined)
})

test.each([
  [PARENT, PARENT],
  [
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00',
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00',
  ],
  [undefined, null],
  ['', null],
  ['01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', null],
  ['00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01', null],
  ['00-00000000000000000000000000000000-b7ad6b7169203331-01', null],
  ['00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01', null],
  [`${PARENT}\n`, null],
])('a stranger’s traceparent %j is taken as %j', (given, taken) => {
  expect(acceptTraceParent(given)).toBe(taken)
})
