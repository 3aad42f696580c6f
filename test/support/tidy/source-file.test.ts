import { expect, test } from 'vitest'
import { readSource } from './source-file.ts'

test('imports are found however they are written, with what they lead to', () => {
  const source = readSource(
    'src/queues/work.ts',
    `import type { Log } from '../log.ts'
import { Worker } from 'bullmq/dist/worker'
export { plan } from './plan.ts'
export * from '@aws-sdk/client-s3'
const late = () => import('../db/migrate.ts')`,
  )
  expect(source.imports).toEqual([
    { line: 1, target: 'src/log.ts', ours: true, typeOnly: true },
    { line: 2, target: 'bullmq', ours: false, typeOnly: false },
    { line: 3, target: 'src/queues/plan.ts', ours: true, typeOnly: false },
    { line: 4, target: '@aws-sdk/client-s3', ours: false, typeOnly: false },
    { line: 5, target: 'src/db/migrate.ts', ours: true, typeOnly: false },
  ])
})

test('functions in braces are measured, the callbacks of describe are not', () => {
  const source = readSource(
    'src/a.test.ts',
    `const short = () => 1
describe('a', () => {
  test('b', () => {
    short()
  })
})
describe.each([1])('c', () => {
  function d() {}
})`,
  )
  expect(source.bodies).toEqual([
    { line: 3, lines: 3 },
    { line: 8, lines: 1 },
  ])
})

test('a file that does not parse is named', () => {
  expect(() => readSource('src/a.ts', 'const = 1')).toThrow(/^src\/a\.ts does not parse/)
})
