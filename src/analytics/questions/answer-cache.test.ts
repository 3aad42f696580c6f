import { expect, test } from 'vitest'
import { createAnswerCache } from './answer-cache.ts'

test('an answer is given under the stamp it was made under, and gone under any other', () => {
  const cache = createAnswerCache<string>(10)
  cache.keep('key', 'one', 'answer', 1)
  expect([cache.find('key', 'one'), cache.find('key', 'two'), cache.find('key', 'one')]).toEqual(['answer', null, null])
})

test('what was used longest ago makes room, by weight', () => {
  const cache = createAnswerCache<string>(10)
  cache.keep('a', '', 'A', 4)
  cache.keep('b', '', 'B', 4)
  cache.find('a', '')
  cache.keep('c', '', 'C', 4)
  expect(['a', 'b', 'c'].map((key) => cache.find(key, ''))).toEqual(['A', null, 'C'])
  cache.keep('c', '', 'C again', 6)
  expect(['a', 'c'].map((key) => cache.find(key, ''))).toEqual(['A', 'C again'])
  cache.keep('d', '', 'too large', 11)
  expect(['a', 'c', 'd'].map((key) => cache.find(key, ''))).toEqual(['A', 'C again', null])
})
