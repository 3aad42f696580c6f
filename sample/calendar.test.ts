import { describe, expect, test } from 'vitest'
import { openCalendar, serialOf } from './calendar.ts'
import { harborPine } from './clients/harbor-pine.ts'
import { morgenrot } from './clients/morgenrot.ts'
import { nilkantha } from './clients/nilkantha.ts'
import type { SampleClient } from './sample-client.ts'

function dayOf(client: SampleClient, day: string) {
  return openCalendar('a test', client).dayAt(serialOf(day))
}

describe('the calendar of a sample client', () => {
  test('a day has the half hours that its zone gives it', () => {
    const halfHours = (client: SampleClient, day: string) => dayOf(client, day).halfHours.length

    expect(halfHours(morgenrot, '2026-03-28')).toBe(48)
    expect(halfHours(morgenrot, '2026-03-29')).toBe(46)
    expect(halfHours(morgenrot, '2026-10-25')).toBe(50)
    expect(halfHours(harborPine, '2026-03-08')).toBe(46)
    expect(halfHours(harborPine, '2026-11-01')).toBe(50)
    expect(halfHours(nilkantha, '2026-03-29')).toBe(48)
  })

  test('a usual day gives out all of itself, and a repeated hour twice its share', () => {
    const given = (day: string) => dayOf(harborPine, day).halfHours.reduce((sum, { contacts }) => sum + contacts, 0)
    const repeated = dayOf(harborPine, '2026-11-01')
      .halfHours.slice(2, 6)
      .map(({ contacts }) => contacts)

    expect(given('2026-10-31')).toBeCloseTo(1)
    expect(given('2026-11-01')).toBeGreaterThan(1)
    expect(repeated.slice(0, 2)).toEqual(repeated.slice(2))
  })

  test('holidays, campaigns and the outage fall on the same rules every year', () => {
    expect(dayOf(morgenrot, '2026-04-06')).toMatchObject({ isHoliday: true, weekday: 1 })
    expect(dayOf(harborPine, '2026-11-26').isHoliday).toBe(true)
    expect(dayOf(nilkantha, '2026-11-08').isHoliday).toBe(true)
    expect(dayOf(morgenrot, '2026-03-10').isOutage).toBe(true)
    expect(dayOf(morgenrot, '2027-03-09').isOutage).toBe(true)
    expect(dayOf(morgenrot, '2026-05-11').contacts).toBeGreaterThan(1.2 * dayOf(morgenrot, '2026-05-04').contacts)
    expect(dayOf(morgenrot, '2026-04-06').contacts).toBeLessThan(0.4 * dayOf(morgenrot, '2026-04-13').contacts)
  })

  test('local hours become instants, also around a change of the clock', () => {
    const calendar = openCalendar('a test', morgenrot)
    const day = calendar.dayAt(serialOf('2026-10-25'))
    const at = (hour: number) => Temporal.Instant.fromEpochMilliseconds(calendar.instantMs(day, hour)).toString()

    expect([at(0), at(8.5), at(24)]).toEqual(['2026-10-24T22:00:00Z', '2026-10-25T07:30:00Z', '2026-10-25T23:00:00Z'])
  })

  test('volume grows year by year, but not for ever', () => {
    const monday = (day: string) => dayOf({ ...morgenrot, holidays: [] }, day)
    const usual = (day: string) => monday(day).newCustomers

    expect(usual('2027-09-06') / usual('2026-09-07')).toBeGreaterThan(1)
    expect(usual('2060-09-06')).toBeLessThan(1.3 * usual('2026-09-07'))
  })
})
