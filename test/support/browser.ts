import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Browser, launch, type Page } from 'puppeteer-core'
import { createLog } from '../../src/log.ts'
import { findChromium } from '../../src/reports/render/pdf/chromium.ts'
import { PATIENCE } from './patience.ts'

/** Unpacked once and kept between runs, out of git. */
export const CHROMIUM_FOLDER = join(import.meta.dirname, '../../.daybreak/test-tools/chromium')

/** Nothing of its own goes to the network: tests talk to 127.0.0.1 only. */
const ARGUMENTS = [
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

const DOWNLOAD_TRIES = 900
const DOWNLOAD_WAIT_MS = 100

export type TestBrowser = {
  browser: Browser
  /** A page as a person with a laptop sees it, with no session of another test. */
  newPage(): Promise<Page>
  /** The path of the file that a click is downloading, once it is whole; throws after 90 s. */
  downloaded(ending: string): Promise<string>
  close(): Promise<void>
}

/** Starts the machine's Chromium (CHROMIUM_PATH, an installed one, else the one from npm) without a window. */
export async function openBrowser(): Promise<TestBrowser> {
  await mkdir(CHROMIUM_FOLDER, { recursive: true })
  const { path, environment } = await findChromium(process.env['CHROMIUM_PATH'], CHROMIUM_FOLDER, createLog('warn'))
  const folder = await mkdtemp(join(tmpdir(), 'daybreak-browser-'))
  const downloadPath = join(folder, 'downloads')
  await mkdir(downloadPath)
  const downloadBehavior = { policy: 'allow', downloadPath } as const
  const browser = await launch({
    executablePath: path,
    headless: 'shell',
    timeout: PATIENCE.timeout,
    // The pipe closes with this process, however it dies, and Chromium with it.
    pipe: true,
    userDataDir: join(folder, 'profile'),
    env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', HOME: folder, TMPDIR: folder, ...environment },
    args: [...ARGUMENTS, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
    downloadBehavior,
  })
  return {
    browser,
    async newPage() {
      const context = await browser.createBrowserContext({ downloadBehavior })
      const page = await context.newPage()
      page.setDefaultTimeout(PATIENCE.timeout)
      page.setDefaultNavigationTimeout(PATIENCE.timeout)
      await page.setViewport({ width: 1280, height: 900 })
      return page
    },
    downloaded: (ending) => waitForFile(downloadPath, ending),
    async close() {
      await browser.close()
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
    },
  }
}

/** Chromium gives a file its own name only when all of it is there. */
async function waitForFile(folder: string, ending: string): Promise<string> {
  for (let attempt = 0; attempt < DOWNLOAD_TRIES; attempt += 1) {
    const name = (await readdir(folder)).find((found) => found.endsWith(ending))
    if (name !== undefined) return join(folder, name)
    await sleep(DOWNLOAD_WAIT_MS)
  }
  throw new Error(`no file ending in ${ending} was downloaded; there are: ${(await readdir(folder)).join(', ')}`)
}
