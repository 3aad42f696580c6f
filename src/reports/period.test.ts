import { expect, test } from 'vitest'
import { shortDay, windowLabel, windowOf } from './period.ts'

test('a period is the last whole one before today', () => {
  // A Saturday.
  expect(windowOf('yesterday', '2026-11-21')).toEqual({ from: '2026-11-20', to: '2026-11-21' })
  expect(windowOf('last-week', '2026-11-21')).toEqual({ from: '2026-11-09', to: '2026-11-16' })
  expect(windowOf('last-month', '2026-11-21')).toEqual({ from: '2026-10-01', to: '2026-11-01' })
})

test('on a Monday last week ended yesterday, on a Sunday it ended six days ago', () => {
  expect(windowOf('last-week', '2026-11-16')).toEqual({ from: '2026-11-09', to: '2026-11-16' })
  expect(windowOf('last-week', '2026-11-22')).toEqual({ from: '2026-11-09', to: '2026-11-16' })
})

test('in January last month and last week lie in the year before', () => {
  expect(windowOf('last-month', '2027-01-01')).toEqual({ from: '2026-12-01', to: '2027-01-01' })
  expect(windowOf('last-week', '2027-01-01')).toEqual({ from: '2026-12-21', to: '2026-12-28' })
})

test('a window says itself in the words of the locale', () => {
  const label = (from: string, to: string, locale = 'en-GB') =>
    windowLabel({ from, to }, locale).replaceAll(/[\u2009\u202f]/g, ' ')
  expect(label('2011-11-01', '2011-12-01')).toBe('November 2011')
  expect(label('2011-11-01', '2011-12-01', 'de-CH')).toBe('November 2011')
  expect(label('2011-11-01', '2011-12-01', 'ja-JP')).toBe('2011年11月')
  expect(label('2011-01-01', '2012-01-01')).toBe('2011')
  expect(label('2011-04-01', '2012-04-01')).toBe('1 April 2011 – 31 March 2012')
  expect(label('2026-11-20', '2026-11-21')).toBe('20 November 2026')
  expect(label('2026-11-14', '2026-11-21', 'en-US')).toBe('November 14 – 20, 2026')
  expect(shortDay('2011-11-01', 'en-GB')).toBe('1 Nov')
})
