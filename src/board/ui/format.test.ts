import { expect, test } from 'vitest'
import { formatBytes, formatDistance, formatDuration, formatTime, formatWindow, plural, titleOf } from './format.ts'

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [4200, '4.2 s'],
  [59_990, '1 min'],
  [72_400, '1 min 12 s'],
  [300_000, '5 min'],
  [7_500_000, '2 h 5 min'],
  [7_200_000, '2 h'],
])('%d milliseconds are %s', (milliseconds, words) => expect(formatDuration(milliseconds)).toBe(words))

test.each([
  [512, '512 B'],
  [1536, '1.5 kB'],
  [12_345_678, '12 MB'],
])('%d bytes are %s', (bytes, words) => expect(formatBytes(bytes)).toBe(words))

test.each([
  ['2011-11-01', '2011-12-01', 'November 2011'],
  ['2026-11-20', '2026-11-21', '20 November 2026'],
  ['2026-11-16', '2026-11-23', '16 to 22 November 2026'],
  ['2026-02-23', '2026-03-02', '23 February 2026 to 1 March 2026'],
  ['2026-01-01', '2026-03-01', '1 January 2026 to 28 February 2026'],
])('[%s, %s) is %s', (from, to, words) => expect(formatWindow(from, to)).toBe(words))

test('a time names its day only when that is not clear', () => {
  expect(formatTime('2026-11-20T23:10:04.5Z', 'Europe/Zurich', '2026-11-21')).toBe('00:10:04')
  expect(formatTime('2026-11-20T23:10:04.5Z', 'America/New_York', '2026-11-21')).toBe('Fri 20 Nov 18:10:04')
})

test('distances are said in their largest unit', () => {
  const now = Temporal.Instant.from('2026-11-20T12:00:00Z')
  expect(formatDistance('2026-11-20T12:05:00Z', now)).toBe('in 5 min')
  expect(formatDistance('2026-11-17T12:00:00Z', now)).toBe('3 days ago')
})

test('names and counts are words', () => {
  expect([
    titleOf('roll-up-day'),
    plural(1, 'client'),
    plural(0, 'client'),
    plural(2, 'delivery', 'deliveries'),
  ]).toEqual(['Roll up day', '1 client', '0 clients', '2 deliveries'])
})
