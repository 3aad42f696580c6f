import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startEmbeddedServer } from '../../src/db/embedded-server.ts'
import { migrate } from '../../src/db/migrate.ts'

test('any number may start at once; whoever leaves first stops nothing, whoever leaves last stops the server', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'daybreak-embedded-'))
  try {
    const servers = await Promise.all([1, 2, 3].map(() => startEmbeddedServer({ folder, port: 0 })))
    expect(new Set(servers.map(({ url }) => url)).size).toBe(1)
    const url = servers[0]?.url ?? ''
    for (const server of servers.slice(1)) await server.release()
    // Idle, without a connection of its own, and still there.
    expect((await migrate(url)).length).toBeGreaterThan(0)
    await servers[0]?.release()
    await expect(migrate(url)).rejects.toMatchObject({ code: 'no-database' })
    const again = await startEmbeddedServer({ folder, port: 0 })
    expect(await migrate(again.url)).toEqual([])
    await again.release()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
