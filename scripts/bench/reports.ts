import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { sql } from 'kysely'
import { rollUpDay } from '../../src/analytics/metrics/index.ts'
import type { Database } from '../../src/db/database.ts'
import type { Log } from '../../src/log.ts'
import { reportNames } from '../../src/reports/catalogue/index.ts'
import { type Document, REPORT_FORMATS, type ReportFormat } from '../../src/reports/document.ts'
import { composeDocument } from '../../src/reports/execution/compose-document.ts'
import { openFonts, openPdfPrinter, type RenderTools, renderers } from '../../src/reports/render/index.ts'
import { sqlFile } from '../../src/sql.ts'
import { addDays, type Day, daysOf } from '../../src/time.ts'
import { closeBench, type Measure, median, tell } from './table.ts'
import { withServer } from './with-server.ts'

/**
 * `npm run bench:reports`: our workbook writer against exceljs's streaming writer on the same sheet, our ZIP writer
 * against what Node needs to deflate and sum the same bytes, and what each report of the catalogue takes in each
 * format.
 */

const HELP = `npm run bench:reports -- [options]

  --rows N      rows of the sheet (default 200000)
  --rounds N    rounds, of which the median counts (default 5)
  --help        this
`

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '200000' },
    rounds: { type: 'string', default: '5' },
    help: { type: 'boolean', default: false },
  },
})
const ROWS = Number(values.rows)
const ROUNDS = Number(values.rounds)

/** Processor seconds, which a busy machine does not change. */
const SHEET_RATIO_MAX = 0.6
const ZIP_RATIO_MAX = 1.2
const SHEET_PEAK_MB_MAX = 320

const WRITE_FILE = join(import.meta.dirname, 'reports/write-file.ts')
const run = promisify(execFile)

type Taken = { seconds: number; cpuSeconds: number; peakMb: number; sizeBytes: number }

/** Each way once a round, one after another, so that whatever else the machine does meets them all. */
async function writeFiles(ways: readonly string[], folder: string): Promise<Record<string, Taken[]>> {
  const taken: Record<string, Taken[]> = Object.fromEntries(ways.map((way) => [way, []]))
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const way of ways) {
      const { stdout } = await run(process.execPath, [WRITE_FILE, way, String(ROWS), join(folder, way)])
      const one = JSON.parse(stdout) as Taken
      taken[way]?.push(one)
      tell(`round ${round}: ${way} ${one.seconds.toFixed(1)} s, ${one.cpuSeconds.toFixed(1)} s of processor`)
    }
  }
  return taken
}

async function measureWriters(folder: string): Promise<Measure[]> {
  const taken = await writeFiles(['sheet-ours', 'sheet-exceljs', 'zip-ours', 'zip-bare'], folder)
  const cpu = (way: string) => median((taken[way] ?? []).map(({ cpuSeconds }) => cpuSeconds))
  const peak = (way: string) => median((taken[way] ?? []).map(({ peakMb }) => peakMb))
  const [sheet, zip] = [cpu('sheet-ours') / cpu('sheet-exceljs'), cpu('zip-ours') / cpu('zip-bare')]
  const sheetOf = `a workbook of ${ROWS.toLocaleString('en')} rows × 12 columns`
  const said = (way: string) => `${cpu(way).toFixed(2)} s`
  return [
    {
      work: `${sheetOf}, exceljs`,
      figure: `${said('sheet-exceljs')}, ${peak('sheet-exceljs')} MB`,
      mark: '',
      held: null,
    },
    {
      work: `${sheetOf}, ours`,
      figure: `${said('sheet-ours')}, ${sheet.toFixed(2)} × exceljs`,
      mark: `≤ ${SHEET_RATIO_MAX} ×`,
      held: sheet <= SHEET_RATIO_MAX,
    },
    {
      work: 'memory of the process that writes it',
      figure: `${peak('sheet-ours')} MB`,
      mark: `≤ ${SHEET_PEAK_MB_MAX} MB`,
      held: peak('sheet-ours') <= SHEET_PEAK_MB_MAX,
    },
    { work: 'deflate and checksum of the bytes of a sheet', figure: said('zip-bare'), mark: '', held: null },
    {
      work: 'our ZIP of the same bytes',
      figure: `${said('zip-ours')}, ${zip.toFixed(2)} × that`,
      mark: `≤ ${ZIP_RATIO_MAX} ×`,
      held: zip <= ZIP_RATIO_MAX,
    },
  ]
}

const CLIENT = 'client-0000'
const FROM: Day = '2026-03-01'
const TO: Day = '2026-04-01'
const CONTACTS = 2000
const fillFacts = sqlFile<{ contacts: number }>(join(import.meta.dirname, 'rollup'), 'fill-facts.sql')
const fillDays = sqlFile(join(import.meta.dirname, 'rollup'), 'fill-days.sql')

/** A month of a client with 2,000 contacts a day, and of the month before, which it is compared with. */
async function fillMonths(database: Database): Promise<void> {
  const { unhurried } = database
  const days = daysOf({ from: addDays(FROM, -31), to: TO })
  tell(`filling ${days.length} days`)
  await sql`insert into clients (id, name, time_zone, currency) values (${CLIENT}, 'Bench', 'UTC', 'EUR')`.execute(
    unhurried,
  )
  await sql`select ensure_fact_partitions(${days[0]}::date - 20, ${TO}::date)`.execute(unhurried)
  for (const day of days) {
    await unhurried.transaction().execute(async (tx) => {
      await sql`set local session_replication_role = replica`.execute(tx)
      await fillFacts(tx, [1, CONTACTS, day])
    })
  }
  await sql`vacuum analyze`.execute(unhurried)
  await fillDays(unhurried, [days[0], TO])
  for (const day of days) {
    await database
      .forClient(CLIENT)
      .transaction()
      .execute((tx) => rollUpDay(tx, { clientId: CLIENT, day }))
  }
}

async function composeAll(database: Database): Promise<Document[]> {
  const client = { id: CLIENT, name: 'Bench', timeZone: 'UTC', currency: 'EUR', locale: 'en-GB' }
  const asked = { client, window: { from: FROM, to: TO }, filters: {}, compare: null, executionId: 'bench' }
  const signal = AbortSignal.timeout(600_000)
  const documents: Document[] = []
  for (const name of reportNames) {
    documents.push(await composeDocument(database.forClient(CLIENT), { ...asked, name, signal }))
  }
  return documents
}

async function render(
  document: Document,
  format: ReportFormat,
  tools: RenderTools,
): Promise<{ ms: number; kb: number }> {
  const began = performance.now()
  let bytes = 0
  for await (const chunk of renderers[format].render(document, tools)) bytes += chunk.length
  return { ms: performance.now() - began, kb: bytes / 1024 }
}

async function measureReports(database: Database, folder: string, log: Log): Promise<Measure[]> {
  await fillMonths(database)
  const documents = await composeAll(database)
  const printer = openPdfPrinter({ chromiumPath: process.env['CHROMIUM_PATH'], folder: join(folder, 'chromium'), log })
  try {
    const tools = { printer, fonts: await openFonts(), log, signal: AbortSignal.timeout(600_000) }
    const measures: Measure[] = []
    for (const document of documents) {
      for (const format of REPORT_FORMATS) measures.push(await measureFormat(document, format, tools))
    }
    return measures
  } finally {
    await printer.close()
  }
}

async function measureFormat(document: Document, format: ReportFormat, tools: RenderTools): Promise<Measure> {
  // The first one loads fonts and starts the browser.
  await render(document, format, tools)
  const times: number[] = []
  let kb = 0
  for (let round = 0; round < ROUNDS; round += 1) {
    const rendered = await render(document, format, tools)
    times.push(rendered.ms)
    kb = rendered.kb
  }
  tell(`${document.meta.report} as ${format}: ${median(times).toFixed(0)} ms`)
  return {
    work: `a month's ${document.meta.report} report as ${format}`,
    figure: `${median(times).toFixed(0)} ms, ${kb.toFixed(0)} kB`,
    mark: '',
    held: null,
  }
}

async function reportsBench(): Promise<Measure[]> {
  return withServer({ connections: 4 }, async ({ database, folder, log }) => [
    ...(await measureWriters(folder)),
    ...(await measureReports(database, folder, log)),
  ])
}

if (import.meta.main) {
  if (values.help) process.stdout.write(HELP)
  else process.exitCode = closeBench(await reportsBench())
}
