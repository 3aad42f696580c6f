import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, BrowserContext, Page } from 'puppeteer-core'
import { messageOf } from '../../../errors.ts'
import { html, raw } from '../../../html.ts'
import type { Log } from '../../../log.ts'
import { SECOND_MS } from '../../../time.ts'
import { findChromium } from './chromium.ts'
import { createProfile, removeProfile, sweepProfiles } from './chromium-profile.ts'
import { assertWholePdf, END_MARK } from './pdf-check.ts'
import { pageStyle } from './pdf-page-style.ts'
import { keepWarm, type StartedBrowser } from './warm-browser.ts'

export type PrintOptions = {
  /** Names the document in logs and errors; the PDF's own title is the page's `<title>`. */
  title: string
  /** At the top of every page but the first. */
  headerText: string
  /** At the bottom of every page, beside the page's number. */
  footerText: string
  signal: AbortSignal
}

/**
 * Prints HTML to PDF (A4, tagged, with outline) in a Chromium that runs no script and reaches no network. One browser
 * is kept warm, each print has a browser context of its own. A print that fails, times out or is aborted costs its
 * browser, not the next print.
 */
export type PdfPrinter = {
  /**
   * The whole PDF, checked to be whole. Rejects with the signal's reason when aborted; other errors are worth another
   * try.
   */
  print(html: string, options: PrintOptions): Promise<Buffer>
  /** Prints a line; throws with what to fix. */
  check(): Promise<void>
  /** Ends every Chromium and what it started. */
  close(): Promise<void>
}

export type PdfPrinterOptions = {
  /** A program to use; left out, an installed Chromium, else the one from npm. */
  chromiumPath?: string | undefined
  /** For what Chromium writes and, when it has to be unpacked, for Chromium itself. */
  folder: string
  log: Log
}

const LAUNCH_TIMEOUT_MS = 20 * SECOND_MS
const PRINT_TIMEOUT_MS = 60 * SECOND_MS
const END_TIMEOUT_MS = 3 * SECOND_MS
const END_POLL_MS = 10
/** Older versions ignore page margin boxes: no page numbers. */
const CHROMIUM_MIN = 131

const ARGUMENTS = [
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--disable-sync',
  '--no-first-run',
  '--no-pings',
  '--font-render-hinting=none',
]

export function openPdfPrinter({ chromiumPath, folder, log }: PdfPrinterOptions): PdfPrinter {
  const browsers = keepWarm({
    start: () => startBrowser(chromiumPath, folder, log),
    end: (started) => endBrowser(started, log),
    log,
  })

  async function print(html: string, options: PrintOptions): Promise<Buffer> {
    options.signal.throwIfAborted()
    const { started, release } = await browsers.take()
    let whole = false
    try {
      const pdf = await printIn(started.browser, withPageStyle(html, options), options, log)
      assertWholePdf(pdf, options.title)
      whole = true
      return pdf
    } catch (cause) {
      options.signal.throwIfAborted()
      throw new Error(`Chromium failed to print ${options.title}: ${messageOf(cause)}`, { cause })
    } finally {
      await release({ spent: !whole })
    }
  }

  return {
    print,
    async check() {
      const html = '<!doctype html><html lang="en"><head><title>Check</title></head><body><p>Check</p></body></html>'
      const signal = AbortSignal.timeout(LAUNCH_TIMEOUT_MS * 3)
      await print(html, { title: 'a test page', headerText: '', footerText: '', signal })
    },
    close: () => browsers.close(),
  }
}

async function startBrowser(chromiumPath: string | undefined, folder: string, log: Log): Promise<StartedBrowser> {
  await sweepProfiles(folder)
  const { path, environment } = await findChromium(chromiumPath, folder, log)
  const profile = await createProfile(folder)
  // Forty megabytes that a process which never prints does without.
  const { launch } = await import('puppeteer-core')
  try {
    const browser = await launch({
      executablePath: path,
      // The pipe closes with this process, however it dies, and Chromium with it.
      pipe: true,
      headless: 'shell',
      userDataDir: profile,
      env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', HOME: profile, TMPDIR: profile, ...environment },
      args: [...ARGUMENTS, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
      timeout: LAUNCH_TIMEOUT_MS,
    })
    await assertRecent(browser, path)
    return { browser, profile }
  } catch (cause) {
    await removeProfile(profile)
    throw new Error(`Chromium at ${path} does not start. ${hintOf(cause)}`, { cause })
  }
}

async function assertRecent(browser: Browser, path: string): Promise<void> {
  const version = await browser.version()
  const major = Number(/\/(\d+)/.exec(version)?.[1])
  if (major >= CHROMIUM_MIN) return
  browser.process()?.kill('SIGKILL')
  throw new Error(`${path} is ${version}; PDF needs version ${CHROMIUM_MIN} or newer`)
}

function hintOf(cause: unknown): string {
  const said = messageOf(cause)
  const library = /error while loading shared libraries: (\S+)/.exec(said)?.[1]
  if (library !== undefined)
    return `It lacks ${library}: install Debian's chromium-headless-shell or set CHROMIUM_PATH.`
  return `${said.split('\n')[0]} Try "daybreak doctor", or set CHROMIUM_PATH to another Chromium.`
}

async function printIn(browser: Browser, html: string, { title, signal }: PrintOptions, log: Log): Promise<Buffer> {
  const context = await browser.createBrowserContext()
  // A page may wait for ever for a browser that is gone.
  const ended = new AbortController()
  const end = () => ended.abort(new Error('it ended while it was printing'))
  browser.once('disconnected', end)
  try {
    const pdf = await untilAborted(printPage(context, html, title, log), AbortSignal.any([signal, ended.signal]))
    await context.close()
    return pdf
  } finally {
    browser.off('disconnected', end)
  }
}

async function printPage(context: BrowserContext, html: string, title: string, log: Log): Promise<Buffer> {
  const page = await context.newPage()
  page.setDefaultTimeout(PRINT_TIMEOUT_MS)
  await isolate(page, title, log)
  await page.setContent(html, { waitUntil: 'load' })
  const pdf = await page.pdf({
    preferCSSPageSize: true,
    printBackground: true,
    tagged: true,
    outline: true,
    timeout: PRINT_TIMEOUT_MS,
  })
  return Buffer.from(pdf.buffer, pdf.byteOffset, pdf.byteLength)
}

/** Each of the three alone keeps a page from the network; the page's own security policy is the fourth. */
async function isolate(page: Page, title: string, log: Log): Promise<void> {
  await page.setJavaScriptEnabled(false)
  await page.setOfflineMode(true)
  await page.setRequestInterception(true)
  page.on('request', (request) => {
    const inside = request.url().startsWith('data:') || request.url() === 'about:blank'
    if (!inside) log.warn({ title }, 'a page being printed asked for something on the network and was refused')
    const answered = inside ? request.continue() : request.abort('blockedbyclient')
    answered.catch((error) => log.debug({ title, error: messageOf(error) }, 'a request ended with its page'))
  })
}

function withPageStyle(page: string, options: PrintOptions): string {
  const style = html`<style>${raw(pageStyle(options))}</style></head>`
  // The link makes Chromium note where the mark lies; see assertWholePdf.
  const mark = html`<div aria-hidden="true"><a href="#${END_MARK}"></a><span id="${END_MARK}"></span></div></body>`
  return page.replace('</head>', () => style.markup).replace(/<\/body>(?![\s\S]*<\/body>)/, () => mark.markup)
}

/** A browser has nothing to save and may be busy for minutes: it is not asked to end. */
async function endBrowser({ browser, profile }: StartedBrowser, log: Log): Promise<void> {
  const chromium = browser.process()
  if (chromium?.pid !== undefined) killGroup(chromium.pid)
  const gone = () => chromium === null || chromium.exitCode !== null || chromium.signalCode !== null
  for (let waitedMs = 0; !gone() && waitedMs < END_TIMEOUT_MS; waitedMs += END_POLL_MS) await sleep(END_POLL_MS)
  if (!gone()) log.warn({ pid: chromium?.pid }, 'a killed Chromium is still there')
  await removeProfile(profile)
}

/** Chromium leads a process group of its own; whatever is left of it ends here. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function untilAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
