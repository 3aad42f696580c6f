import { expect, test } from 'vitest'
import { createTurns } from './turns.ts'

test('those of one name go one after the other, also past one that fails, and others are not waited for', async () => {
  const inTurn = createTurns()
  const said: string[] = []
  const held = Promise.withResolvers<void>()
  const first = inTurn('a', async () => {
    await held.promise
    said.push('a1')
    throw new Error('a1 failed')
  })
  const second = inTurn('a', async () => said.push('a2'))
  await inTurn('b', async () => said.push('b1'))
  held.resolve()
  await expect(first).rejects.toThrow('a1 failed')
  await second
  await inTurn('a', async () => said.push('a3'))
  expect(said).toEqual(['b1', 'a1', 'a2', 'a3'])
})
