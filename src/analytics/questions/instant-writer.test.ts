import fc from 'fast-check'
import { expect, test } from 'vitest'
import { instantWriter } from './instant-writer.ts'

test('it writes every second as the calendar does', () => {
  const write = instantWriter()
  fc.assert(
    fc.property(fc.integer({ min: -2_208_988_800, max: 10_413_792_000 }), (seconds) => {
      expect(write(seconds)).toBe(Temporal.Instant.fromEpochMilliseconds(seconds * 1000).toString())
    }),
  )
})
