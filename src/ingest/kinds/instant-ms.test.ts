import fc from 'fast-check'
import { expect, test } from 'vitest'
import { instantMs } from './instant-ms.ts'

test('an instant as the readers write it is as many milliseconds as Temporal says', () => {
  const instants = fc.date({
    min: new Date('1969-12-31T00:00:00Z'),
    max: new Date('2199-12-31T23:59:59Z'),
    noInvalidDate: true,
  })
  const offsets = fc.constantFrom('Z', '+00:00', '+02:00', '-03:30', '+0545', '-1000')
  const fractions = fc.constantFrom('', '.5', '.25', '.125', '.007')
  fc.assert(
    fc.property(instants, offsets, fractions, (instant, offset, fraction) => {
      const text = `${instant.toISOString().slice(0, 19)}${fraction}${offset}`
      expect(instantMs(text)).toBe(Temporal.Instant.from(text).epochMilliseconds)
    }),
    { numRuns: 2000 },
  )
})
