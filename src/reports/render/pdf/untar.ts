import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'

const BLOCK = 512

/** Writes the files of a tar archive (ustar, plain files only) into a folder; refuses names that lead out of it. */
export async function untar(archive: Buffer, into: string): Promise<void> {
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0; ) {
    const header = archive.subarray(at, at + BLOCK)
    const text = (from: number, to: number) => header.toString('utf8', from, to).replace(/\0.*$/s, '')
    const size = Number.parseInt(text(124, 136), 8) || 0
    const path = join(into, text(345, 500), text(0, 100))
    if (relative(into, path).startsWith('..')) throw new Error(`the archive names a file outside its folder: ${path}`)
    if (text(156, 157) === '0' || text(156, 157) === '') {
      await mkdir(dirname(path), { recursive: true })
      const mode = Number.parseInt(text(100, 108), 8) & 0o777
      await writeFile(path, archive.subarray(at + BLOCK, at + BLOCK + size), { mode })
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
  }
}
