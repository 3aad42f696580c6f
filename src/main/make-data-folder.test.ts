import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { makeDataFolder } from './make-data-folder.ts'

const folder = await mkdtemp(join(tmpdir(), 'daybreak-data-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

test('a folder is made with those above it, and one that is there is left alone', async () => {
  const path = join(folder, 'a', 'b', 'c')
  await makeDataFolder(path)
  await makeDataFolder(path)
  expect((await stat(path)).isDirectory()).toBe(true)
})

test('what cannot be a folder is said, and nothing waits for ever', async () => {
  await writeFile(join(folder, 'file'), '')
  await expect(makeDataFolder(join(folder, 'file'))).rejects.toThrow('it is a file')
  await expect(makeDataFolder(join(folder, 'file', 'below'))).rejects.toThrow('a file stands above it')
  await expect(makeDataFolder('/proc/daybreak')).rejects.toMatchObject({ code: 'data-folder' })
})
