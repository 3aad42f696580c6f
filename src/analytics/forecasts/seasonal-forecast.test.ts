import { describe, expect, test } from 'vitest'
import { type SeasonalForecast, seasonalForecast } from './seasonal-forecast.ts'

const WEEK = [100, 120, 110, 105, 130, 40, 0]

function weeks(count: number): (number | null)[] {
  return Array.from({ length: count }, () => WEEK).flat()
}

function made(history: (number | null)[], horizonDays = 28): SeasonalForecast {
  const outcome = seasonalForecast(history, { horizonDays })
  if ('reason' in outcome) throw new Error(outcome.reason)
  return outcome
}

describe('a seasonal forecast', () => {
  test('continues a week that never changes exactly, without any spread', () => {
    const { days, backtest } = made(weeks(12), 9)
    expect(days.map((day) => Math.round(day.expected * 1e9) / 1e9)).toEqual([...WEEK, 100, 120])
    expect(days.every((day) => day.high95 - day.low95 < 1e-9)).toBe(true)
    expect(backtest).toEqual({ mase: null, coverage80: 1, coverage95: 1 })
  })

  test('begins with the weekday after the last day of history', () => {
    const { days } = made(weeks(12).slice(0, -2), 2)
    expect(days.map((day) => Math.round(day.expected))).toEqual([40, 0])
  })

  test('needs 60 days, three quarters of them known, and says so', () => {
    const outcome = (history: (number | null)[]) => seasonalForecast(history, { horizonDays: 7 })
    expect(outcome(weeks(20).slice(0, 59))).toEqual({ reason: 'there are 59 days of history; it takes 60' })
    expect(made(weeks(20).slice(0, 60), 7).historyDays).toBe(60)
    const gappy = (known: number) => weeks(20).map((value, day) => (day % 20 < known ? value : null))
    expect(outcome(gappy(14))).toEqual({ reason: '42 of the 140 days of history are missing' })
    expect(made(gappy(15)).historyDays).toBe(140)
  })

  test('takes a missing day for a usual one of its weekday, not for nothing', () => {
    const gappy = weeks(12).map((value, day) => (day % 10 === 3 ? null : value))
    expect(made(gappy, 7).days.map((day) => Math.round(day.expected))).toEqual(WEEK)
  })

  test('is never negative and its intervals are ordered, whatever the past was', () => {
    const falling = Array.from({ length: 90 }, (_, day) => Math.max(0, 80 - day + (day % 7) * 5 + ((day * 37) % 11)))
    for (const { expected, low80, high80, low95, high95 } of made(falling, 30).days) {
      expect([low95 >= 0, low95 <= low80, low80 <= expected, expected <= high80, high80 <= high95]).toEqual(
        Array(5).fill(true),
      )
    }
  })

  test('of nothing but zeros is nothing', () => {
    const nothing = { expected: 0, low80: 0, high80: 0, low95: 0, high95: 0 }
    expect(made(Array(70).fill(0), 2).days).toEqual([nothing, nothing])
  })

  test('is the less sure the further ahead, where the past drifted', () => {
    let level = 500
    const drifting = Array.from({ length: 300 }, (_, day) => {
      level += ((day * 7919) % 41) - 20
      return Math.max(0, level + (WEEK[day % 7] as number))
    })
    const { days } = made(drifting)
    const widthOf = (step: number) => (days[step]?.high80 ?? 0) - (days[step]?.low80 ?? 0)
    expect(widthOf(21)).toBeGreaterThan(widthOf(0))
  })
})
