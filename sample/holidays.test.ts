import { expect, test } from 'vitest'
import { easterPlus, easterSunday, fixed, listed, nth } from './holidays.ts'

test('Easter falls where the church puts it', () => {
  expect([1961, 2000, 2024, 2025, 2026, 2027, 2038, 2076].map(easterSunday)).toEqual([
    '1961-04-02',
    '2000-04-23',
    '2024-03-31',
    '2025-04-20',
    '2026-04-05',
    '2027-03-28',
    '2038-04-25',
    '2076-04-19',
  ])
})

test('a holiday is a fixed date, a weekday of a month, a distance from Easter, or listed', () => {
  const holidays = [
    fixed('Christmas', '12-25'),
    nth('Thanksgiving', 4, 4, 11),
    nth('Memorial Day', -1, 1, 5),
    easterPlus('Ascension', 39),
    listed('Diwali', 2026, ['11-08']),
  ]
  expect(holidays.map((holiday) => holiday.day(2026))).toEqual([
    '2026-12-25',
    '2026-11-26',
    '2026-05-25',
    '2026-05-14',
    '2026-11-08',
  ])
  expect(holidays.map((holiday) => holiday.day(2027))).toEqual([
    '2027-12-25',
    '2027-11-25',
    '2027-05-31',
    '2027-05-06',
    null,
  ])
})
