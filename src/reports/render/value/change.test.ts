import { expect, test } from 'vitest'
import type { Format, Value } from '../../document.ts'
import { changeOf, changeText } from './change.ts'
import { createFormatter } from './format-value.ts'

const formatter = createFormatter({ locale: 'en-GB', timeZone: 'UTC', currency: 'GBP' })

function told(format: Format, value: Value, earlier: Value): string | null {
  const change = changeOf(format, value, earlier, 'GBP')
  return change === null ? null : changeText(change, format, formatter)
}

test('a change is a share of the earlier value, points between shares, and the difference over nothing', () => {
  const money: Format = { type: 'money' }
  expect([
    told(money, 1123, 1000),
    told(money, 900, 1000),
    told(money, -500, -1000),
    told(money, 1000, 1000),
    told(money, 1200, 0),
    told({ type: 'percent' }, 0.0725, 0.05),
    told({ type: 'duration' }, 330, 300),
    told(money, 1000, null),
    told(money, null, 1000),
    told({ type: 'text' }, 'b', 'a'),
    told({ type: 'date' }, '2026-03-02', '2026-03-01'),
  ]).toEqual(['+12.3%', '-10.0%', '+50.0%', 'no change', '+£12.00', '+2.3 points', '+10.0%', null, null, null, null])
})
