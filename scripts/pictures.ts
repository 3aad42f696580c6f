import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from 'puppeteer-core'
import { readConfig } from '../src/config.ts'
import { createLog } from '../src/log.ts'
import { listen } from '../src/main/listen.ts'
import { openProgram, type Program } from '../src/main/program.ts'
import { createUser } from '../src/people/people.ts'
import { openBrowser } from '../test/support/browser.ts'

/**
 * Makes the pictures of README.md again from a demo that has run: `DATA_DIR=… PORT=0 node scripts/pictures.ts`; needs
 * pdftoppm and pngquant.
 */

const FOLDER = join(import.meta.dirname, '../docs/pictures')
const PERSON = { email: 'pictures@daybreak.example', password: randomBytes(12).toString('hex') }
const ACTOR = { kind: 'command-line', id: 'pictures', name: 'pictures', ip: null } as const
const run = promisify(execFile)

async function signIn(page: Page, url: string, { database }: Program): Promise<void> {
  await createUser(database.system, { ...PERSON, name: 'Demo Admin', role: 'admin', clientId: null }, ACTOR)
  await page.goto(url)
  await page.locator('input[name=email]').fill(PERSON.email)
  await page.locator('input[name=password]').fill(PERSON.password)
  await Promise.all([page.waitForNavigation(), page.locator('main button').click()])
}

async function pictureNight(page: Page, name: string, width: number, height: number, scheme: string): Promise<void> {
  await page.setViewport({ width, height, deviceScaleFactor: width < 600 ? 2 : 1 })
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
  await page.reload({ waitUntil: 'networkidle0' })
  await save(page, name)
}

/** The first two pages of a client's revenue report, side by side. */
async function pictureReport(page: Page, { database, jobTools }: Program): Promise<void> {
  const { object_key: key } = await database.system
    .selectFrom('execution_files')
    .select('object_key')
    .where('object_key', 'like', '%harbor-pine_monthly-revenue%.pdf')
    .executeTakeFirstOrThrow()
  const work = await mkdtemp(join(tmpdir(), 'daybreak-pictures-'))
  const pdf = join(work, 'report.pdf')
  await writeFile(pdf, (await jobTools.storage.get(key)).body)
  await run('pdftoppm', ['-png', '-r', '70', '-f', '1', '-l', '2', pdf, join(work, 'page')])
  const pictures = await Promise.all([1, 2].map((number) => readFile(join(work, `page-${number}.png`), 'base64')))
  const images = pictures.map((data) => `<img src="data:image/png;base64,${data}" style="border:1px solid #bbb">`)
  await page.setViewport({ width: 1232, height: 872 })
  await page.setContent(`<body style="margin:12px;display:flex;gap:12px;background:#e9e9ec">${images.join('')}</body>`)
  await save(page, 'report-page')
  await rm(work, { recursive: true })
}

/** In as few colours as nobody misses. */
async function save(page: Page, name: string): Promise<void> {
  const path = join(FOLDER, `${name}.png`)
  await writeFile(path, await page.screenshot())
  await run('pngquant', ['--force', '--output', path, '--speed', '1', '--strip', path])
}

await mkdir(FOLDER, { recursive: true })
const program = await openProgram(readConfig(), createLog('warn'))
const board = await listen(program)
const browser = await openBrowser()
try {
  const page = await browser.newPage()
  await signIn(page, board.url, program)
  await pictureNight(page, 'night-light', 1280, 900, 'light')
  await pictureNight(page, 'night-dark', 1280, 900, 'dark')
  await pictureNight(page, 'night-phone', 390, 844, 'light')
  await pictureReport(await browser.newPage(), program)
} finally {
  await program.database.system.deleteFrom('users').where('email', '=', PERSON.email).execute()
  await browser.close()
  await board.close()
  await program.close()
}
