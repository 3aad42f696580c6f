import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import ExcelJS from 'exceljs'
import { sql } from 'kysely'
import type { Page } from 'puppeteer-core'
import { afterAll, expect, test } from 'vitest'
import { createUser } from '../../src/people/people.ts'
import { windowOf } from '../../src/reports/period.ts'
import { addDays, dayOf, previousWindow, systemClock } from '../../src/time.ts'
import { openBrowser } from '../support/browser.ts'
import { ACME, given } from '../support/given.ts'
import { makeDataFolder, startDaybreak } from '../support/program.ts'
import { type PdfText, readPdf } from '../support/report-files.ts'
import { createTestDatabase } from '../support/test-database.ts'

const PERSON = { email: 'ada@acme.example', name: 'Ada', password: 'correct horse battery' }
const COMMAND_LINE = { kind: 'command-line', id: 'test', name: 'test', ip: null } as const
const month = windowOf('last-month', dayOf(systemClock(), 'UTC'))
const EUROS = new Intl.NumberFormat('en-GB', { style: 'currency', currency: 'EUR' })

const { database, url: databaseUrl } = await createTestDatabase()
const data = await makeDataFolder()
const browser = await openBrowser()
/** Where the client's folder of reports should be. */
const inTheWay = join(data.path, 'reports', ACME)

const started: { stop(): Promise<number | null> }[] = []
afterAll(async () => {
  await browser.close()
  for (const program of started) await program.stop()
  await data.remove()
})

async function makeWorld(): Promise<void> {
  const db = database.system
  await given.client(db)
  const before = previousWindow(month)
  const at = (from: string, day: number) => `${addDays(from, day)}T10:00:00Z`
  await given.payments(db, [
    [at(before.from, 3), { amount_minor: 70_000, customer_id: 'ann', country: 'DE' }],
    [at(month.from, 0), { amount_minor: 123_456, customer_id: 'ann', country: 'DE' }],
    [at(month.from, 9), { amount_minor: 98_765, customer_id: 'bob', country: 'FR' }],
    [at(month.from, 10), { amount_minor: -4_321, customer_id: 'bob', country: 'FR' }],
    [at(month.from, 27), { amount_minor: 1_999, customer_id: 'cyd', country: 'DE' }],
    [at(month.to, 0), { amount_minor: 5_000, customer_id: 'ann', country: 'DE' }],
  ])
  await given.calls(db, [
    [at(before.from, 3), { talk_s: 60 }],
    [at(month.from, 9), { talk_s: 90 }],
  ])
  await createUser(db, { ...PERSON, role: 'admin', clientId: null }, COMMAND_LINE)
}

/** What went wrong in a page, and where it went. The browser itself lets nothing leave this machine. */
type Watched = { trouble: string[]; hosts: Set<string> }

async function watch(page: Page, board: string): Promise<Watched> {
  const watched: Watched = { trouble: [], hosts: new Set() }
  page.on('console', (message) => {
    if (['error', 'warn'].includes(message.type())) watched.trouble.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => watched.trouble.push(`script: ${String(error)}`))
  await page.exposeFunction('policyBroken', (what: string) => watched.trouble.push(`policy: ${what}`))
  await page.evaluateOnNewDocument(
    `document.addEventListener('securitypolicyviolation', (event) => policyBroken(event.violatedDirective + ' ' + event.blockedURI))`,
  )
  await page.setRequestInterception(true)
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url())
    if (protocol !== 'data:') watched.hosts.add(host)
    void (protocol === 'data:' || request.url().startsWith(board) ? request.continue() : request.abort())
  })
  return watched
}

async function signIn(page: Page, board: string): Promise<void> {
  await page.goto(board)
  await page.locator('input[name=email]').fill(PERSON.email)
  await page.locator('input[name=password]').fill(PERSON.password)
  await press(page, 'Sign in')
}

/** Presses the button that says so, and waits for the page it leads to. */
async function press(page: Page, label: string): Promise<void> {
  await Promise.all([
    page.waitForNavigation(),
    page.locator(`main ::-p-aria([name="${label}"][role="button"])`).click(),
  ])
}

async function follow(page: Page, label: string): Promise<void> {
  await Promise.all([page.waitForNavigation(), page.locator(`::-p-aria([name="${label}"][role="link"])`).click()])
}

/** Asks for last month's revenue through the form of the job; ends on the page of the run. */
async function askForReport(page: Page): Promise<void> {
  await follow(page, 'Jobs')
  await page.locator('#run-render-report summary').click()
  const field = (name: string) => page.locator(`#run-render-report [name=${name}]`)
  await field('clientId').fill(ACME)
  await field('report').fill('monthly-revenue')
  await field('from').fill(month.from)
  await field('to').fill(month.to)
  await field('formats').fill('["pdf", "xlsx"]')
  await press(page, 'Run render report')
}

/** The run's page fetches itself again until its badge says so; nobody loads it. */
async function waitForBadge(page: Page, words: string): Promise<void> {
  const badge = `document.querySelector('.page-head .badge')?.textContent.trim()`
  await page.waitForFunction(`${badge} === ${JSON.stringify(words)}`, { polling: 'mutation' })
}

/** Every place of the menu, so that nothing of the board goes unwatched. */
async function visitAllPlaces(page: Page): Promise<string[]> {
  const links = await page.$$eval('nav[aria-label=Main] a', (all) => all.map(({ href }) => href))
  // bull-board builds its page from what it asks for; ours come whole.
  for (const link of links) await page.goto(link, { waitUntil: link.endsWith('/queues/') ? 'networkidle2' : 'load' })
  return links.map((link) => new URL(link).pathname)
}

/** The one query that finance would check the report with. */
async function netMinor(): Promise<number> {
  const { rows } = await sql<{ net: number }>`
    select sum(amount_minor) as net from payments
    where client_id = ${ACME} and occurred_at >= ${month.from}::timestamptz and occurred_at < ${month.to}::timestamptz`.execute(
    database.system,
  )
  return Number(rows[0]?.net)
}

async function download(page: Page): Promise<{ pdf: PdfText; xlsx: ExcelJS.Workbook }> {
  await page.locator('a.file ::-p-text(PDF)').click()
  const pdf = await readPdf(await readFile(await browser.downloaded('.pdf')))
  await page.locator('a.file ::-p-text(XLSX)').click()
  const xlsx = new ExcelJS.Workbook()
  await xlsx.xlsx.readFile(await browser.downloaded('.xlsx'))
  return { pdf, xlsx }
}

/** The value of a figure on the first sheet. */
function cellBeside({ worksheets: [summary] }: ExcelJS.Workbook, label: string): unknown {
  const rows = summary?.getRows(1, summary.rowCount) ?? []
  return rows.find((row) => row.getCell(1).value === label)?.getCell(2).value
}

test('a person sees in words why a report failed, fixes it, presses Retry and downloads the numbers the facts add up to', async () => {
  await makeWorld()
  await mkdir(join(data.path, 'reports'))
  await writeFile(inTheWay, 'a backup somebody left here')
  const program = await startDaybreak({ DATABASE_URL: databaseUrl, DATA_DIR: data.path })
  started.push(program)

  const page = await browser.newPage()
  const watched = await watch(page, program.url)
  await signIn(page, program.url)
  await askForReport(page)
  await waitForBadge(page, 'Failed')
  const problem = await page.$eval('.problem', (element) => element.textContent)
  expect(problem).toContain(
    `cannot be stored in ${join(data.path, 'reports')}: a file stands there where a folder is needed`,
  )

  await rm(inTheWay)
  await press(page, 'Retry Render report')
  await page.evaluate('window.loadedOnce = true')
  await waitForBadge(page, 'Done')
  expect(await page.evaluate('window.loadedOnce')).toBe(true)

  const net = await netMinor()
  const { pdf, xlsx } = await download(page)
  expect(pdf.pages[0]).toContain(`Netrevenue${EUROS.format(net / 100)}`)
  expect(cellBeside(xlsx, 'Net revenue')).toBe(net / 100)

  expect(await visitAllPlaces(page)).toContain('/queues/')
  expect({ ...watched, hosts: [...watched.hosts] }).toEqual({ trouble: [], hosts: [new URL(program.url).host] })
  expect(await program.stop()).toBe(0)
})
