import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createGate } from './gate.ts'

const MINUTE_MS = 60_000
const refusal = () => new Error('too many')

/** Work that ends when it is told to, and what has begun of it. */
function works() {
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const work = (name: string) => () => {
    begun.push(name)
    return new Promise<string>((done) => ends.set(name, () => done(name)))
  }
  return { begun, work, end: (name: string) => ends.get(name)?.() }
}

test('two of one name go on at once, the next waits for the first that ends, and what is too much is refused', async () => {
  const gate = createGate({ atOnce: 2, waitingMax: 1, waitMs: MINUTE_MS }, refusal)
  const { begun, work, end } = works()
  const answers = ['a', 'b', 'c'].map((name) => gate('ann', work(name)))
  await expect(gate('ann', work('d'))).rejects.toThrow('too many')
  const other = gate('ben', work('e'))
  await nextTurn()
  expect(begun).toEqual(['a', 'b', 'e'])
  end('b')
  expect(await answers[1]).toBe('b')
  await nextTurn()
  expect(begun).toEqual(['a', 'b', 'e', 'c'])
  for (const name of ['a', 'c', 'e']) end(name)
  expect(await Promise.all([...answers, other])).toEqual(['a', 'b', 'c', 'e'])
})

test('whoever has waited long enough is refused, and takes no place', async () => {
  const gate = createGate({ atOnce: 1, waitingMax: 5, waitMs: 1 }, refusal)
  const { begun, work, end } = works()
  const first = gate('ann', work('a'))
  await expect(gate('ann', work('b'))).rejects.toThrow('too many')
  end('a')
  await first
  const third = gate('ann', work('c'))
  await nextTurn()
  expect(begun).toEqual(['a', 'c'])
  end('c')
  await third
})

test('a place is free again after work that failed', async () => {
  const gate = createGate({ atOnce: 1, waitingMax: 0, waitMs: 1 }, refusal)
  const failing = () => Promise.reject(new Error('broken'))
  await expect(gate('ann', failing)).rejects.toThrow('broken')
  await expect(gate('ann', failing)).rejects.toThrow('broken')
})
