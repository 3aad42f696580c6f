import { expect, test } from 'vitest'
import { calledByPath } from './called.ts'
import { checkGrowth } from './file-bytes.ts'

const MIB = 1 << 20

test('a file is a trap beyond 200 times its size, and harmless up to 64 MiB whatever its size', () => {
  const isTrap = (packed: number, unpacked: number) => {
    try {
      checkGrowth(calledByPath('a.csv.gz'), packed, unpacked)
      return false
    } catch {
      return true
    }
  }
  expect([isTrap(1, 64 * MIB), isTrap(1, 64 * MIB + 1), isTrap(MIB, 200 * MIB), isTrap(MIB, 200 * MIB + 1)]).toEqual([
    false,
    true,
    false,
    true,
  ])
})
