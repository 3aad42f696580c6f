import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dateReader, epochReader, instantBounds, timeReader } from './instant.ts'

const clock = () => Temporal.Instant.from('2026-06-01T12:00:00Z')
const bounds = instantBounds(clock, false)
const zurich = (format = 'iso') => timeReader(format, 'Europe/Zurich', bounds)

/** The instant that PostgreSQL makes of the text, as UTC. */
const utc = (cell: unknown) => (typeof cell === 'string' ? Temporal.Instant.from(cell).toString() : cell)

test('a wall-clock time is read in the zone, winter and summer', () => {
  expect(zurich()('2021-01-15T09:12:58')).toBe('2021-01-15T09:12:58+01:00')
  expect(zurich('YYYY-MM-DD H:mm:ss')('2021-07-15 9:12:58')).toBe('2021-07-15T09:12:58+02:00')
})

test('a time that the zone leaves out is refused, and one that it has twice is the earlier', () => {
  expect(zurich()('2021-03-28T02:30:00')).toEqual({
    reason: 'does not exist in Europe/Zurich: clocks went forward there, past it (01:30 or 03:30 may be meant)',
  })
  expect(utc(zurich()('2021-10-31T02:30:00'))).toBe('2021-10-31T00:30:00Z')
  expect(utc(zurich()('2021-10-31T03:00:00'))).toBe('2021-10-31T02:00:00Z')
})

test('a change of half an hour is met to the minute', () => {
  const lordHowe = timeReader('iso', 'Australia/Lord_Howe', bounds)
  expect(utc(lordHowe('2021-10-03T01:59:00'))).toBe('2021-10-02T15:29:00Z')
  expect(lordHowe('2021-10-03T02:15:00')).toHaveProperty('reason')
  expect(utc(lordHowe('2021-10-03T02:30:00'))).toBe('2021-10-02T15:30:00Z')
  expect(utc(lordHowe('2021-04-04T01:45:00'))).toBe('2021-04-03T14:45:00Z')
})

test('a date alone is the instant its day begins, also where midnight does not exist', () => {
  expect(utc(timeReader('iso', 'Africa/Cairo', bounds)('2023-04-28'))).toBe('2023-04-27T22:00:00Z')
  expect(utc(timeReader('DD.MM.YYYY', 'Europe/Zurich', bounds)('01.07.2021'))).toBe('2021-06-30T22:00:00Z')
})

test('a date alone lies ahead or too far back like any time, also on a day whose clocks change at midnight', () => {
  const read = (zone: string, date: string) => timeReader('iso', zone, bounds)(date)
  expect([
    read('Africa/Cairo', '2030-04-26'),
    read('Africa/Cairo', '2030-04-27'),
    read('America/Havana', '1969-04-27'),
  ]).toEqual([
    { reason: 'lies more than 5 minutes ahead of now' },
    { reason: 'lies more than 5 minutes ahead of now' },
    { reason: 'is before 1970: is the year right?' },
  ])
})

test('a time that says its offset is taken at its word', () => {
  expect(utc(zurich()('2021-03-28T02:30:00Z'))).toBe('2021-03-28T02:30:00Z')
  expect(utc(zurich()('2021-03-28 02:30:00.250+05:30'))).toBe('2021-03-27T21:00:00.25Z')
})

test('formats are read token by token', () => {
  expect(utc(zurich('M/D/YY h:mm a')('7/4/21 12:05 am'))).toBe('2021-07-03T22:05:00Z')
  expect(utc(zurich('D MMM YYYY, HH:mm:ss.SSS')('4 Jul 2021, 14:05:06.007'))).toBe('2021-07-04T12:05:06.007Z')
  expect(() => zurich('YYYY-MM')).toThrow('names no D')
  expect(() => zurich('YYYY-MM-DD q')).toThrow('"q" in the format')
})

test('what is no time, lies ahead, or is of another century is refused', () => {
  const read = zurich()
  const texts = [
    'soon',
    '2021-02-30',
    '2021-13-01',
    '2021-01-01T25:00',
    '2026-06-01T14:05:01',
    '2026-06-01T14:05',
    '0202-01-01',
  ]
  expect(texts.map(read)).toEqual([
    { reason: 'is not a time such as 2026-03-29T14:05:00' },
    { reason: 'is no date of the calendar' },
    { reason: 'is no date of the calendar' },
    { reason: 'is no time of day' },
    { reason: 'lies more than 5 minutes ahead of now' },
    '2026-06-01T14:05:00+02:00',
    { reason: 'is before 1970: is the year right?' },
  ])
  const planned = timeReader('iso', 'UTC', instantBounds(clock, true))
  expect(planned('2027-01-01')).toBe('2027-01-01T00:00:00+00:00')
  expect(planned('9999-12-31')).toEqual({ reason: 'lies more than twenty years ahead' })
})

test('a day that is none is never taken for another, whichever is read first', () => {
  const read = zurich()
  expect(['2021-03-45', '2021-04-13', '2021-03-45'].map(read)).toEqual([
    { reason: 'is no date of the calendar' },
    '2021-04-13T00:00:00+02:00',
    { reason: 'is no date of the calendar' },
  ])
})

test('what lies ahead is asked of the clock as it goes on', () => {
  let now = clock()
  const read = timeReader(
    'iso',
    'UTC',
    instantBounds(() => now, false),
  )
  expect(read('2026-06-01T12:06:00Z')).toEqual({ reason: 'lies more than 5 minutes ahead of now' })
  now = now.add({ minutes: 1 })
  expect(read('2026-06-01T12:06:00Z')).toBe('2026-06-01T12:06:00Z')
})

test('a date is one of the calendar, of our times', () => {
  expect(['2026-03-29', '2026-02-29', '29.3.2026', '1926-03-29', '9999-12-31'].map(dateReader)).toEqual([
    '2026-03-29',
    { reason: 'is no date of the calendar' },
    { reason: 'is not a date such as 2026-03-29' },
    { reason: 'is not between 1970 and 2099: is the year right?' },
    { reason: 'is not between 1970 and 2099: is the year right?' },
  ])
})

test('seconds and milliseconds since 1970 are instants', () => {
  expect(utc(epochReader(1000, bounds)('1610000000'))).toBe('2021-01-07T06:13:20Z')
  expect(utc(epochReader(1, bounds)('1610000000123'))).toBe('2021-01-07T06:13:20.123Z')
  expect(epochReader(1, bounds)('-5')).toEqual({ reason: 'is not a count since 1970' })
})

test('any time of any zone is what Temporal makes of it, or is refused where Temporal finds a gap', () => {
  const zone = fc.constantFrom(
    'Europe/London',
    'America/Havana',
    'Asia/Kathmandu',
    'Australia/Lord_Howe',
    'America/St_Johns',
  )
  const minute = fc.integer({ min: 0, max: 20 * 366 * 24 * 60 })
  fc.assert(
    fc.property(zone, minute, (timeZone, minutes) => {
      const time = Temporal.PlainDateTime.from('2005-01-01T00:00').add({ minutes })
      const expected = time.toZonedDateTime(timeZone, { disambiguation: 'earlier' })
      const cell = timeReader('iso', timeZone, bounds)(time.toString())
      const isGap = !expected.toPlainDateTime().equals(time)
      expect(typeof cell === 'string' ? utc(cell) : 'refused').toBe(isGap ? 'refused' : expected.toInstant().toString())
    }),
    { numRuns: 300 },
  )
})
