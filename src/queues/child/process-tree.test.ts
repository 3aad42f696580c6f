import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { heldMb, killTree, treeOf } from './process-tree.ts'

const GRANDCHILD = 'globalThis.held = Buffer.alloc(60e6, 1); console.log(process.pid); setInterval(() => {}, 1000)'
const CHILD = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(GRANDCHILD)}], { stdio: 'inherit', detached: true })
setInterval(() => {}, 1000)`

test('a process is weighed and ended with all it started, in whatever group that is', async () => {
  const child = spawn(process.execPath, ['-e', CHILD], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  const pid = child.pid ?? 0
  const tree = treeOf(pid)
  expect(tree).toEqual([pid, Number(said)])
  const [alone, together] = [heldMb([pid]) ?? 0, heldMb(tree) ?? 0]
  expect(together - alone).toBeGreaterThan(57)
  expect(together - alone).toBeLessThan(200)
  killTree(pid)
  // The output ends when both are gone.
  await once(child, 'close')
  expect(heldMb(tree)).toBeNull()
})
