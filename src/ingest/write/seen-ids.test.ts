import { expect, test } from 'vitest'
import { createSeenIds } from './seen-ids.ts'

test('an id is new once, then the same or of another row, also when the tables have grown under a hundred thousand others', () => {
  const seen = createSeenIds()
  const sightings = new Set<unknown>()
  for (let row = 2; row < 100_002; row += 1) {
    sightings.add(seen.look(`order-${row}`, `content ${row}`))
    seen.keep(`order-${row}`, `content ${row}`, row)
  }
  expect(sightings).toEqual(new Set(['new']))
  expect(seen.look('order-2', 'content 2')).toBe('same')
  expect(seen.look('order-2', 'other content')).toBe(2)
  expect(seen.look('order-100001', 'other content')).toBe(100_001)
})
