import { expect, test } from 'vitest'
import { createSheetNames, quotedSheetName } from './sheet-names.ts'

test('every sheet gets a name that spreadsheets accept, its own whatever the case', () => {
  const names = createSheetNames()
  const wanted = [
    'Summary',
    'summary',
    'By [week]: a/b\\c?*',
    "'quoted'",
    '',
    'History',
    'x'.repeat(40),
    'x'.repeat(41),
    '東'.repeat(40),
    'a\u0000b',
  ]
  expect(wanted.map(names)).toEqual([
    'Summary',
    'summary (2)',
    'By week a b c',
    'quoted',
    'Sheet',
    'History (2)',
    `${'x'.repeat(30)}…`,
    `${'x'.repeat(26)}… (2)`,
    `${'東'.repeat(30)}…`,
    'a b',
  ])
})

test('a name in a formula is quoted', () => {
  expect(quotedSheetName("Agent's day")).toBe("'Agent''s day'")
})
