import fc from 'fast-check'
import { expect, test } from 'vitest'
import { writeHour } from './write-hour.ts'

test('every hour is written as the calendar does, and the next one by itself', () => {
  const hour = fc.integer({ min: -2_208_988_800, max: 10_413_792_000 })
  fc.assert(
    fc.property(hour, (seconds) => {
      const asIt = [seconds, seconds + 3600, seconds].map((each) =>
        Temporal.Instant.fromEpochMilliseconds(each * 1000).toString(),
      )
      expect([writeHour(seconds), writeHour(seconds + 3600), writeHour(seconds)]).toEqual(asIt)
    }),
  )
})

test('more hours than it keeps are written all the same', () => {
  const last = 150_000
  for (let hour = 0; hour <= last; hour += 1) writeHour(hour * 3600)
  expect([writeHour(0), writeHour(last * 3600)]).toEqual(['1970-01-01T00:00:00Z', '1987-02-11T00:00:00Z'])
})
