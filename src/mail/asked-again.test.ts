import { expect, test } from 'vitest'
import { isAskedAgain } from './asked-again.ts'

test('a mail is asked for again when it was asked for in a later second than its last try', () => {
  const tried = '2026-11-01T06:00:00Z'
  const asked = ['2026-11-01T05:59:59.9Z', '2026-11-01T06:00:00.7Z', '2026-11-01T06:00:01Z']
  expect(asked.map((askedAt) => isAskedAgain(tried, askedAt))).toEqual([false, false, true])
  expect(isAskedAgain(null, tried)).toBe(true)
})
