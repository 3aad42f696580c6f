import { expect, test } from 'vitest'
import { z } from 'zod'
import { cursorWord, defineCursor, instantCursor, pageOf, rowsToRead } from './page.ts'

const letters = ['a', 'b', 'c', 'd', 'e']
const letterCursor = defineCursor(z.tuple([z.string().length(1)]))

test('pages that follow each other’s cursors show every row once, and the last one has none', () => {
  const pages: string[][] = []
  let next: string | null | undefined
  for (let page = 0; page < 9 && next !== null; page += 1) {
    const after = letterCursor.read(next)?.[0] ?? ''
    const read = letters.filter((letter) => letter > after).slice(0, rowsToRead(2))
    const { rows, nextCursor } = pageOf(read, 2, (letter) => letterCursor.write([letter]))
    pages.push(rows)
    next = nextCursor
  }
  expect(pages).toEqual([['a', 'b'], ['c', 'd'], ['e']])
})

test('rows that just fill a page have no other behind them', () => {
  expect(pageOf(['a', 'b'], 2, (letter) => letter)).toEqual({ rows: ['a', 'b'], nextCursor: null })
  expect(pageOf([], 2, (letter) => letter)).toEqual({ rows: [], nextCursor: null })
})

const ID = '0199c0de-0000-7000-8000-000000000001'
const encoded = (text: string) => Buffer.from(text).toString('base64url')

test('a cursor gives back what was written', () => {
  expect(instantCursor.read(instantCursor.write(['2026-11-21T00:10:00.123456Z', ID]))).toEqual([
    '2026-11-21T00:10:00.123456Z',
    ID,
  ])
  expect(instantCursor.read(undefined)).toBeNull()
})

test.each([
  ['nothing', ''],
  ['no base64', '%%%'],
  ['no JSON', encoded(`2026-11-21T00:10:00Z ${ID}`)],
  ['no list', encoded('null')],
  ['too few values', encoded('["2026-11-21T00:10:00Z"]')],
  ['too many values', encoded(`["2026-11-21T00:10:00Z","${ID}",1]`)],
  ['a day that is none', encoded(`["2026-99-99T00:00:00Z","${ID}"]`)],
  ['an id that is none', encoded('["2026-11-21T00:10:00Z","1"]')],
])('a cursor is refused that holds %s', (_what, text) => {
  expect(() => instantCursor.read(text)).toThrow(expect.objectContaining({ code: 'invalid-cursor' }))
})

test('a name in a cursor holds nothing that the database cannot', () => {
  const named = defineCursor(z.tuple([cursorWord]))
  expect(named.read(named.write(['acme: näch']))).toEqual(['acme: näch'])
  for (const word of ['', 'a\0', 'a\nb', 'a'.repeat(201)])
    expect(() => named.read(named.write([word]))).toThrow(expect.objectContaining({ code: 'invalid-cursor' }))
})
