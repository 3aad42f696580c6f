import { expect, test } from 'vitest'
import { RetryLaterError } from '../errors.ts'
import { hashPassword, NOBODYS_HASH, verifyPassword } from './passwords.ts'

test('a password matches its own hash, however its accents were typed, and nothing else does', async () => {
  const stored = await hashPassword('caf\u00e9 au lait')
  expect(await verifyPassword('cafe\u0301 au lait', stored)).toBe(true)
  expect(await verifyPassword('cafe au lait', stored)).toBe(false)
  expect(await verifyPassword('', stored)).toBe(false)
})

test('the same password is stored differently each time', async () => {
  expect(await hashPassword('correct horse')).not.toBe(await hashPassword('correct horse'))
})

test('nobody has a password', async () => {
  expect(await verifyPassword('', NOBODYS_HASH)).toBe(false)
})

test('two passwords are hashed at once, twenty wait, and the rest is told to come back', async () => {
  const answers = await Promise.allSettled(Array.from({ length: 50 }, () => hashPassword('correct horse')))
  const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []))
  expect(refused.length).toBe(28)
  expect(new Set(refused.map((each) => each instanceof RetryLaterError))).toEqual(new Set([true]))
})
