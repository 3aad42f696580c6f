import { expect, test } from 'vitest'
import { createRateLimits } from './rate-limits.ts'

test('a key that was right is right under a flood of wrong ones from its network, also several times at once', async () => {
  const { credential } = createRateLimits(1)
  const network = '192.0.2.1'
  const holder = async () => 'holder'
  expect(await credential(network, 'right', holder)).toBe('holder')
  const wrong = Array.from({ length: 30 }, (_, index) => credential(network, `wrong ${index}`, async () => null))
  const refused = (await Promise.allSettled(wrong)).filter(({ status }) => status === 'rejected')
  expect(refused.length).toBeGreaterThan(0)
  const atOnce = Array.from({ length: 4 }, () => credential(network, 'right', holder))
  expect(await Promise.all(atOnce)).toEqual(['holder', 'holder', 'holder', 'holder'])
})
