import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { resetData } from '../../scripts/demo-night/reset.ts'
import { readConfig } from '../../src/config.ts'
import { startEmbeddedServer } from '../../src/db/embedded-server.ts'
import { asOwner } from '../support/postgres.ts'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-reset-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

function config(more: Record<string, string> = {}) {
  return readConfig({ DATA_DIR: folder, ...more })
}

describe('scripts/demo --reset', () => {
  test('deletes what the business left, says what, and leaves the rest', async () => {
    await mkdir(join(folder, 'outbox/morgenrot'), { recursive: true })
    await writeFile(join(folder, 'outbox/morgenrot/a mail.eml'), 'x'.repeat(250_000))
    await mkdir(join(folder, 'chromium'))

    expect(await resetData(config())).toEqual([`Deleted ${join(folder, 'outbox')} (1 files, 0.3 MB).`])
    expect(await readdir(folder)).toEqual(['chromium'])
    expect(await resetData(config())).toEqual([`Nothing to delete in ${folder}.`])
  })

  test('refuses while somebody uses the database, and stops a server that nobody uses', async () => {
    const server = await startEmbeddedServer({ folder: join(folder, 'postgres'), port: 0 })

    await expect(resetData(config())).rejects.toMatchObject({ code: 'in-use' })
    await asOwner(server.url, (connection) => connection.query('select 1'))

    // As a kill leaves it: the server runs on, and no living process has a note there.
    await rm(join(folder, 'postgres/users'), { recursive: true })
    expect(await resetData(config())).toEqual([
      expect.stringMatching(/^Deleted .*postgres \(\d+ files, \d+\.\d MB\)\.$/),
    ])
    expect(await readdir(folder)).toEqual([])
  })

  test('leaves a database alone that is not its own', async () => {
    await mkdir(join(folder, 'outbox'))

    await expect(resetData(config({ DATABASE_URL: 'postgres://localhost/theirs' }))).rejects.toMatchObject({
      code: 'reset',
    })
    expect(await readdir(folder)).toEqual(['outbox'])
  })
})
