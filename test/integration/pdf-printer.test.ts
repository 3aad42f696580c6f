import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createLog } from '../../src/log.ts'
import { openPdfPrinter, type PdfPrinter } from '../../src/reports/render/index.ts'
import { findChromium } from '../../src/reports/render/pdf/chromium.ts'
import { PATIENCE } from '../support/patience.ts'
import { readPdf } from '../support/report-files.ts'

const log = createLog('silent')
const unpacked = join(import.meta.dirname, '../../.daybreak/test-tools/chromium')

let chromiumPath: string
let folder: string
let printer: PdfPrinter

beforeAll(async () => {
  const found = await findChromium(process.env['CHROMIUM_PATH'], unpacked, log)
  chromiumPath = found.path
})

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-printer-'))
  printer = openPdfPrinter({ chromiumPath, folder, log })
})

afterEach(async () => {
  await printer.close()
  await rm(folder, { recursive: true, force: true })
})

function page(body: string): string {
  return `<!doctype html><html lang="en"><head><title>A page</title></head><body>${body}</body></html>`
}

function print(body: string, signal: AbortSignal = AbortSignal.timeout(PATIENCE.timeout)): Promise<Buffer> {
  return printer.print(page(body), { title: 'a page', headerText: 'Head', footerText: 'Foot', signal })
}

/** Takes Chromium seconds to print. */
const SLOW = '<p>a line of a very long page</p>'.repeat(120_000)

/** Processes of Chromium that write into our folder: each names it in its command line. */
function processes(): number[] {
  const listed = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8', maxBuffer: 10_000_000 })
  return listed
    .split('\n')
    .filter((line) => line.includes(folder))
    .map((line) => Number.parseInt(line, 10))
}

function browserProcess(): number {
  const listed = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8', maxBuffer: 10_000_000 })
  const line = listed.split('\n').find((text) => text.includes(folder) && !text.includes('--type='))
  return Number.parseInt(line ?? '', 10)
}

describe('a print', () => {
  test('is A4 with head, foot and n / N', async () => {
    const { pages } = await readPdf(await print('<p>one</p><p style="break-before:page">two</p>'))
    expect(pages.map((text) => text.split('').sort().join(''))).toEqual(
      ['one 1/2 Foot', 'two 2/2 Foot Head'].map((text) => text.replaceAll(' ', '').split('').sort().join('')),
    )
  })

  test('first calls at once start one browser between them', async () => {
    await Promise.all([print('<p>a</p>'), print('<p>b</p>'), print('<p>c</p>')])
    const profiles = await readdir(join(folder, 'profiles'))
    expect(profiles).toHaveLength(1)
  })

  test('that is aborted stops at once with the reason, and the next one works', async () => {
    await printer.check()
    const aborting = new AbortController()
    const printing = print(SLOW, aborting.signal)
    const reason = new Error('the deadline of the run passed')
    setTimeout(() => aborting.abort(reason), 500)
    await expect(printing).rejects.toBe(reason)
    expect((await readPdf(await print('<p>next</p>'))).pages).toHaveLength(1)
  })

  test('that was aborted before it began never starts', async () => {
    await expect(print('<p>a</p>', AbortSignal.abort(new Error('cancelled')))).rejects.toThrow('cancelled')
    expect(processes()).toEqual([])
  })

  test('whose browser is killed fails in words, and the next one works', async () => {
    await printer.check()
    const printing = print(SLOW)
    const failure = printing.catch((error: Error) => error.message)
    await sleep(500)
    process.kill(browserProcess(), 'SIGKILL')
    expect(await failure).toMatch(/^Chromium failed to print a page: /)
    expect((await readPdf(await print('<p>next</p>'))).pages).toHaveLength(1)
  })

  test('after an idle browser was killed works', async () => {
    await printer.check()
    process.kill(browserProcess(), 'SIGKILL')
    await sleep(200)
    expect((await readPdf(await print('<p>next</p>'))).pages).toHaveLength(1)
  })
})

describe('closing', () => {
  test('leaves no process and no files', async () => {
    await print('<p>a</p>')
    expect(processes().length).toBeGreaterThan(0)
    await printer.close()
    await expect.poll(processes).toEqual([])
    expect(await readdir(join(folder, 'profiles'))).toEqual([])
  })

  test('ends a print in progress and refuses another', async () => {
    await printer.check()
    const failure = print(SLOW).catch((error: Error) => error.message)
    await sleep(300)
    await printer.close()
    expect(await failure).toMatch(/^Chromium failed to print a page: /)
    await expect(print('<p>a</p>')).rejects.toThrow('The PDF printer is closed.')
    await expect.poll(processes).toEqual([])
  })
})

describe('a hostile page', () => {
  let server: Server
  let asked: string[]
  let address: string

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request.url ?? '')
      response.end('secret')
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  beforeEach(() => {
    asked = []
  })

  afterAll(() => server.close())

  test('asks nobody for anything and runs no script', async () => {
    const body = [
      `<img src="${address}/image"><link rel="stylesheet" href="${address}/style">`,
      `<iframe src="${address}/frame"></iframe><iframe src="file:///etc/passwd"></iframe><object data="${address}/object"></object>`,
      `<style>@import url(${address}/import);@font-face{font-family:x;src:url(${address}/font)}p{font-family:x;background:url(${address}/background)}</style>`,
      `<script>fetch('${address}/fetch');document.title='run'</script><p>text</p>`,
    ].join('')
    const { pages, title } = await readPdf(await print(body))
    expect({ asked, title, text: pages.join('').replace(/Foot|1\/1/g, '') }).toEqual({
      asked: [],
      title: 'A page',
      text: 'text',
    })
  })

  test('that leads elsewhere gets nowhere', async () => {
    const leading = `<meta http-equiv="refresh" content="0;url=${address}/refresh"><p>text</p>`
    // Whether it tries before it is on paper is a race; a page that left is refused.
    await print(leading).catch((error: Error) => expect(error.message).toContain('its last line is missing'))
    expect(asked).toEqual([])
  })

  test('would have reached this server', async () => {
    await fetch(`${address}/probe`)
    expect(asked).toEqual(['/probe'])
  })
})

test('a script in place of the program is refused with what to do', async () => {
  const scripted = openPdfPrinter({ chromiumPath: import.meta.filename, folder, log })
  await expect(scripted.check()).rejects.toThrow(/a script or no program. Name the program it starts/)
  await scripted.close()
})
