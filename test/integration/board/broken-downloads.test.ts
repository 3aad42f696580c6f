import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { afterAll, expect, test, vi } from 'vitest'
import { openFolderStore } from '../../../src/storage/folder-store.ts'
import { given } from '../../support/given.ts'
import { PATIENCE } from '../../support/patience.ts'
import { givenExecution, keyHeaders, openTestBoard } from '../../support/test-board.ts'

/** Whoever asks for a file and hangs up leaves nothing open: Node ends a process that forgets to close one. */

const folder = await mkdtemp(join(tmpdir(), 'daybreak-downloads-'))
afterAll(() => rm(folder, { recursive: true }))
const store = openFolderStore(folder)
const opened: Readable[] = []
let hold: Promise<void> = Promise.resolve()
const storage = {
  ...store,
  // Slow, as a store may be.
  async get(key: string) {
    const found = await store.get(key)
    opened.push(found.body)
    await hold
    return found
  },
}
const board = await openTestBoard({ change: { storage } })
await given.client(board.database.system, { id: 'acme' })
const viewer = await keyHeaders(board, 'viewer')
const id = await givenExecution(board, { clientId: 'acme', text: 'x'.repeat(10_000_000) })
const path = `${board.url}/files/${id}/csv`

test.each(['before the download begins', 'in its middle'])('%s', async (when) => {
  opened.length = 0
  const held = Promise.withResolvers<void>()
  if (when === 'in its middle') held.resolve()
  hold = held.promise
  const visitor = new AbortController()
  const asked = fetch(path, { headers: viewer, signal: visitor.signal })
  await vi.waitFor(() => expect(opened).toHaveLength(1), PATIENCE)
  if (when === 'in its middle') await asked
  visitor.abort()
  await asked.catch(() => undefined)
  await new Promise((done) => setTimeout(done, 50))
  held.resolve()
  await vi.waitFor(() => expect(opened[0]?.destroyed).toBe(true), PATIENCE)
})
