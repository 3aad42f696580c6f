import { describe, expect, test } from 'vitest'
import type { Chart } from '../../document.ts'
import { createFormatter } from '../value/format-value.ts'
import { type ChartStyle, chartSvg } from './chart-svg.ts'
import { type ChartTheme, DARK, PAPER } from './chart-theme.ts'

const formatter = createFormatter({ locale: 'de-DE', timeZone: 'UTC', currency: 'EUR' })

const chart: Chart = {
  kind: 'chart',
  id: 'net',
  title: 'Net <by> day',
  shape: 'line',
  category: { key: 'day', label: 'Day', type: 'date' },
  series: [
    { key: 'net', label: 'Net & more', type: 'money', band: { low: 'low', high: 'high' } },
    { key: 'talk', label: 'Talk', type: 'duration' },
  ],
  rows: [
    { day: '2026-03-01', net: 1_000_00, low: 800_00, high: 1_200_00, talk: 300 },
    { day: '2026-03-02', net: null, low: 900_00, high: 1_300_00, talk: 900 },
    { day: '2026-03-03', net: 1_500_00, low: 1_100_00, high: 1_900_00, talk: 600 },
  ],
  description: 'It "rises".',
}

function draw(drawn: Partial<Chart> = {}, style: Partial<ChartStyle> = {}): string {
  return chartSvg({ ...chart, ...drawn }, { currency: 'EUR' }, formatter, {
    size: { width: 600, height: 280 },
    theme: PAPER,
    idPrefix: 'chart',
    ...style,
  })
}

function textsOf(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text = '']) => text.replace(/\u00a0/g, ' '))
}

describe('a chart', () => {
  test('is the same text every time, however many were drawn before', () => {
    const first = draw()
    draw({ shape: 'bar' })
    expect(draw()).toBe(first)
  })

  test('holds no script, style sheet, class, event or address', () => {
    expect(draw()).not.toMatch(/<script|<style|class=|style=| on\w+=|href=|ecmeta|zr\d/)
  })

  test('says what it shows to those who cannot see it', () => {
    expect(draw().slice(0, 320)).toContain(
      'role="img" aria-labelledby="chart-title chart-description"><title id="chart-title">Net &lt;by&gt; day</title><desc id="chart-description">It &quot;rises&quot;.</desc>',
    )
  })

  test('has axes in the words of its locale, one for each unit, and times cut at whole minutes', () => {
    expect(textsOf(draw())).toEqual(
      expect.arrayContaining([
        '0 €',
        '2000 €',
        '0:05:00',
        '0:10:00',
        '0:15:00',
        '1. März',
        '3. März',
        'Net &amp; more',
        'Net &amp; more, interval',
        'Talk',
      ]),
    )
  })

  test('of long names lies down and grows with its bars', () => {
    const rows = Array.from({ length: 30 }, (_, index) => ({ name: `A rather long name ${index}`, count: index }))
    const svg = draw({
      shape: 'bar',
      category: { key: 'name', label: 'Name', type: 'text' },
      series: [{ key: 'count', label: 'Count', type: 'integer' }],
      rows,
    })
    expect(svg).toMatch(/^<svg font-family="Noto Sans, sans-serif" width="600" height="790"/)
    expect(textsOf(svg).filter((text) => text.startsWith('A rather'))).toHaveLength(30)
  })

  test('with three units is refused', () => {
    const series = [...chart.series, { key: 'net', label: 'Calls', type: 'integer' as const }]
    expect(() => draw({ series })).toThrow('The chart "Net <by> day" mixes 3 units')
  })

  test('with a value that is no number is refused', () => {
    expect(() => draw({ rows: [{ day: '2026-03-01', net: '12', low: 0, high: 0, talk: 0 }] })).toThrow(
      'declared as money but holds "12"',
    )
  })

  test('leaves its colours and font to the page when asked', () => {
    const svg = draw({}, { theme: 'variables' })
    const colours = new Set(
      [...svg.matchAll(/(?:fill|stroke)="([^"]+)"/g)].map(([, colour = '']) =>
        colour.replace(/var\((--[\w-]+),.*/, '$1'),
      ),
    )
    expect([...colours].filter((colour) => colour.startsWith('#') && colour !== '#000' && colour !== '#fff')).toEqual(
      [],
    )
    expect(colours).toContain('--chart-1')
    expect(svg).not.toContain('font-family')
  })
})

describe.each([
  ['paper', PAPER],
  ['dark', DARK],
])('on %s', (_, theme: ChartTheme) => {
  test('every series keeps 3:1 contrast and text 4.5:1 against the page', () => {
    expect(theme.series.filter((colour) => contrast(colour, theme.page) < 3)).toEqual([])
    expect(contrast(theme.text, theme.page)).toBeGreaterThanOrEqual(4.5)
  })
})

/** Contrast ratio by WCAG 2.2. */
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((left, right) => right - left)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
