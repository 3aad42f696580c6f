import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addDays, daysOf } from '../../time.ts'
import { bucketStart, coverByPeriods, coverWindow } from './cover-window.ts'

test('a year and some days are months, whole weeks at the edges, and days', () => {
  expect(coverWindow({ from: '2025-11-11', to: '2026-11-21' }, 'none')).toEqual([
    { grain: 'day', from: '2025-11-11', to: '2025-11-17' },
    { grain: 'week', from: '2025-11-17', to: '2025-12-01' },
    { grain: 'month', from: '2025-12-01', to: '2026-11-01' },
    { grain: 'day', from: '2026-11-01', to: '2026-11-02' },
    { grain: 'week', from: '2026-11-02', to: '2026-11-16' },
    { grain: 'day', from: '2026-11-16', to: '2026-11-21' },
  ])
})

test('asked for by week, a window is weeks and days; by day or hour it is days', () => {
  const window = { from: '2026-10-30', to: '2026-11-17' }
  expect(coverWindow(window, 'week')).toEqual([
    { grain: 'day', from: '2026-10-30', to: '2026-11-02' },
    { grain: 'week', from: '2026-11-02', to: '2026-11-16' },
    { grain: 'day', from: '2026-11-16', to: '2026-11-17' },
  ])
  expect(coverWindow(window, 'day')).toEqual([{ grain: 'day', ...window }])
  expect(coverWindow(window, 'hour')).toEqual([{ grain: 'day', ...window }])
})

test('a month with a day that waits for its first roll-up is read by its weeks, and its week by its days', () => {
  expect(coverWindow({ from: '2026-08-01', to: '2026-11-01' }, 'none', ['2026-09-16', '2026-09-17'])).toEqual([
    { grain: 'month', from: '2026-08-01', to: '2026-09-01' },
    { grain: 'day', from: '2026-09-01', to: '2026-09-07' },
    { grain: 'week', from: '2026-09-07', to: '2026-09-14' },
    { grain: 'day', from: '2026-09-14', to: '2026-09-21' },
    { grain: 'week', from: '2026-09-21', to: '2026-09-28' },
    { grain: 'day', from: '2026-09-28', to: '2026-10-01' },
    { grain: 'month', from: '2026-10-01', to: '2026-11-01' },
  ])
})

const windows = fc.record({ start: fc.integer({ min: 0, max: 1500 }), length: fc.integer({ min: 0, max: 800 }) })

const waits = fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 3 })

test('every day of any window is in one part and in one only, and no part reaches over the end of an asked-for bucket', () => {
  fc.assert(
    fc.property(
      windows,
      fc.constantFrom('none', 'week', 'month'),
      waits,
      fc.nat(7),
      ({ start, length }, granularity, offsets, luck) => {
        const from = addDays('2023-01-01', start)
        const window = { from, to: addDays(from, length) }
        const waiting = offsets.map((offset) => addDays(from, offset))
        const bucketOf = (day: string) => bucketStart(granularity, day)
        // Some periods are added up, others are not: which, nobody can foresee.
        const isAddedUp = (grain: string, day: string) =>
          (Number(day.slice(5, 7)) + Number(day.slice(8)) + grain.length) % 8 > luck
        const { periods, others } = coverByPeriods(window, granularity, isAddedUp)
        expect(others.some((day) => isAddedUp('day', day))).toBe(false)
        expect([...periods.flatMap(daysOf), ...others].sort()).toEqual(daysOf(window))
        expect(coverWindow(window, granularity, waiting).flatMap(daysOf)).toEqual(daysOf(window))
        for (const parts of [coverWindow(window, granularity, waiting), periods]) {
          for (const part of parts) {
            const starts = new Set(part.grain === 'day' ? daysOf(part) : [part.from])
            const whole = {
              day: (day: string) => day,
              week: (day: string) => bucketStart('week', day),
              month: (day: string) => bucketStart('month', day),
            }
            for (const day of starts) expect(whole[part.grain](day)).toBe(day)
          }
        }
        for (const { from: first, to } of periods) expect(bucketOf(addDays(to, -1))).toBe(bucketOf(first))
        for (const { grain, from: first, to } of coverWindow(window, granularity, waiting)) {
          if (grain !== 'day') expect(waiting.filter((day) => day >= first && day < to)).toEqual([])
          if (grain !== 'month' && granularity === 'month') expect(bucketOf(addDays(to, -1))).toBe(bucketOf(first))
        }
      },
    ),
  )
})

test('a month that is not added up is read by its weeks, a week by its days, and a day by its hours', () => {
  const without = new Set(['month 2026-09-01', 'week 2026-09-14', 'day 2026-09-15'])
  const window = { from: '2026-08-01', to: '2026-10-01' }
  const { periods, others } = coverByPeriods(window, 'none', (grain, from) => !without.has(`${grain} ${from}`))
  expect([periods.map(({ grain, from }) => `${grain} ${from.slice(5)}`), others]).toEqual([
    [
      'month 08-01',
      ...['01', '02', '03', '04', '05', '06'].map((day) => `day 09-${day}`),
      'week 09-07',
      ...['14', '16', '17', '18', '19', '20'].map((day) => `day 09-${day}`),
      'week 09-21',
      ...['28', '29', '30'].map((day) => `day 09-${day}`),
    ],
    ['2026-09-15'],
  ])
})
