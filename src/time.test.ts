import { expect, test } from 'vitest'
import { previousWindow, windowLastYear } from './time.ts'

test('the previous window is as long: in months when it is made of months, else in days', () => {
  expect(previousWindow({ from: '2011-11-01', to: '2011-12-01' })).toEqual({ from: '2011-10-01', to: '2011-11-01' })
  expect(previousWindow({ from: '2026-01-01', to: '2026-04-01' })).toEqual({ from: '2025-10-01', to: '2026-01-01' })
  expect(previousWindow({ from: '2026-03-01', to: '2026-03-15' })).toEqual({ from: '2026-02-15', to: '2026-03-01' })
  expect(previousWindow({ from: '2026-11-20', to: '2026-11-21' })).toEqual({ from: '2026-11-19', to: '2026-11-20' })
  // Over a change of clocks a day more or less is no hour more or less: windows are days.
  expect(previousWindow({ from: '2026-03-29', to: '2026-04-05' })).toEqual({ from: '2026-03-22', to: '2026-03-29' })
  expect(previousWindow({ from: '2026-03-31', to: '2026-04-30' })).toEqual({ from: '2026-03-01', to: '2026-03-31' })
})

test('last year are the same dates', () => {
  expect(windowLastYear({ from: '2024-02-01', to: '2024-03-01' })).toEqual({ from: '2023-02-01', to: '2023-03-01' })
  expect(windowLastYear({ from: '2024-02-29', to: '2024-03-01' })).toEqual({ from: '2023-02-28', to: '2023-03-01' })
  // Before the leap day and up to it, never an empty window, and all of a February that had one.
  expect(windowLastYear({ from: '2024-02-28', to: '2024-02-29' })).toEqual({ from: '2023-02-28', to: '2023-03-01' })
  expect(windowLastYear({ from: '2025-02-01', to: '2025-03-01' })).toEqual({ from: '2024-02-01', to: '2024-03-01' })
})
