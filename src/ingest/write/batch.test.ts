import { expect, test } from 'vitest'
import { createBatch } from './batch.ts'

test('a batch gives back each row and each range of lines, whatever their bytes, and is empty when cleared', () => {
  const batch = createBatch(2)
  const long = 'ü'.repeat(100_000)
  batch.add(2, 'a,1', ['A\n', null])
  batch.add(3, long, [`${long}\n`, 'β\n'])
  batch.add(4, 'c,3', [null, '🙂\n'])
  expect([batch.rows(), batch.bytes()]).toEqual([3, 3 + 200_000 + 3 + 2 + 200_001 + 3 + 5])
  expect(batch.origin(1)).toEqual({ line: 3, text: long })
  expect(batch.lines(0, 0, 3).toString()).toBe(`A\n${long}\n`)
  expect(batch.lines(1, 1, 3).toString()).toBe('β\n🙂\n')
  expect(batch.lines(1, 0, 1).toString()).toBe('')
  batch.clear()
  batch.add(9, 'z', ['Z\n', null])
  expect([batch.rows(), batch.origin(0), batch.lines(0, 0, 1).toString()]).toEqual([1, { line: 9, text: 'z' }, 'Z\n'])
})
