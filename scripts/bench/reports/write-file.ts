import { createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32, createDeflateRaw } from 'node:zlib'
import Excel from 'exceljs'
import { createLog } from '../../../src/log.ts'
import type { Document, Row } from '../../../src/reports/document.ts'
import { renderers } from '../../../src/reports/render/index.ts'
import { zipStream } from '../../../src/reports/render/xlsx/zip-stream.ts'

/** Started by ../reports.ts, so that each way has a process of its own: writes one file and prints what that took. */

const [way = '', count = '0', path = ''] = process.argv.slice(2)
const ROWS = Number(count)
/** As the ZIP writer has it. */
const LEVEL = 1

const COLUMNS = [
  { key: 'id', label: 'Contact', type: 'text' },
  { key: 'day', label: 'Day', type: 'date' },
  { key: 'startedAt', label: 'Started', type: 'datetime' },
  { key: 'agent', label: 'Agent', type: 'text' },
  { key: 'sector', label: 'Sector', type: 'text' },
  { key: 'channel', label: 'Channel', type: 'text' },
  { key: 'waitS', label: 'Wait', type: 'duration' },
  { key: 'talkS', label: 'Talk', type: 'duration' },
  { key: 'messages', label: 'Messages', type: 'integer' },
  { key: 'score', label: 'Score', type: 'decimal', digits: 2 },
  { key: 'share', label: 'Share', type: 'percent' },
  { key: 'netMinor', label: 'Net', type: 'money' },
] as const

/** What exceljs needs to show each type as ours does. */
const FORMATS = {
  text: '@',
  date: 'yyyy-mm-dd',
  datetime: 'yyyy-mm-dd hh:mm',
  duration: '[h]:mm:ss',
  integer: '#,##0',
  decimal: '#,##0.00',
  percent: '0.0%',
  money: '#,##0.00 [$EUR]',
} as const

const FIRST_MS = Temporal.Instant.from('2026-01-01T00:00:00Z').epochMilliseconds
const MINUTE_MS = 60_000
const DAY_S = 86_400

async function* rows(): AsyncGenerator<Row> {
  for (let row = 0; row < ROWS; row += 1) {
    const spread = (row * 2_654_435_761) % 4_294_967_296
    const startedAt = new Date(FIRST_MS + row * MINUTE_MS).toISOString()
    yield {
      id: `call-${String(spread).padStart(10, '0')}`,
      day: startedAt.slice(0, 10),
      startedAt,
      agent: `Agent ${spread % 200}`,
      sector: `Sector ${spread % 8}`,
      channel: `channel-${spread % 7}`,
      waitS: spread % 90,
      talkS: spread % 900,
      messages: spread % 12,
      score: (spread % 1000) / 100,
      share: (spread % 1001) / 1000,
      netMinor: spread % 100_000,
    }
  }
}

const META: Document['meta'] = {
  report: 'bench',
  title: 'Contacts',
  client: { id: 'bench', name: 'Bench' },
  locale: 'en-GB',
  timeZone: 'UTC',
  currency: 'EUR',
  window: { from: '2026-01-01', to: '2026-06-01' },
  windowLabel: 'January to May 2026',
  dataAsOf: null,
  provisionalDays: [],
  quarantinedFacts: 0,
  executionId: 'bench',
  generatedAt: '2026-06-01T00:00:00Z',
}

async function writeOurs(): Promise<void> {
  const table = { kind: 'table' as const, id: 'contacts', title: 'Contacts', columns: [...COLUMNS], rows, empty: '' }
  const tools = {
    printer: null as never,
    fonts: null as never,
    log: createLog('silent'),
    signal: new AbortController().signal,
  }
  const file = renderers.xlsx.render({ meta: META, blocks: [table] }, tools)
  await pipeline(Readable.from(file), createWriteStream(path))
}

async function writeExceljs(): Promise<void> {
  const options = { filename: path, useStyles: true, useSharedStrings: false, zip: { zlib: { level: LEVEL } } }
  const workbook = new Excel.stream.xlsx.WorkbookWriter(options)
  const sheet = workbook.addWorksheet('Contacts')
  sheet.columns = COLUMNS.map(({ key, label, type }) => ({ key, header: label, style: { numFmt: FORMATS[type] } }))
  let written = 0
  for await (const row of rows()) {
    sheet.addRow(forExceljs(row)).commit()
    // Rows are committed without a word of whether the file keeps up.
    if (++written % 1000 === 0) await new Promise(setImmediate)
  }
  sheet.commit()
  await workbook.commit()
}

/** Dates and durations are instants and fractions of a day there. */
function forExceljs(row: Row): Row {
  return {
    ...row,
    day: new Date(String(row['day'])) as never,
    startedAt: new Date(String(row['startedAt'])) as never,
    waitS: Number(row['waitS']) / DAY_S,
    talkS: Number(row['talkS']) / DAY_S,
    netMinor: Number(row['netMinor']) / 100,
  }
}

/** The XML of a sheet, without what it costs to make it: one megabyte again and again, each time with other numbers. */
function* sheetBytes(): Generator<Buffer> {
  const cells = Array.from(
    { length: 20_000 },
    (_, cell) => `<c r="A${cell}" s="4"><v>${(cell * 7919) % 1_000_003}</v></c>`,
  )
  const chunk = Buffer.from(cells.join(''))
  for (let row = 0; row < ROWS; row += 1000) {
    chunk.write(String(row), row % (chunk.length - 10))
    // Whoever took the one before may not have read it yet.
    yield Buffer.from(chunk)
  }
}

async function zipOurs(): Promise<void> {
  await pipeline(Readable.from(zipStream([{ name: 'sheet1.xml', content: sheetBytes() }])), createWriteStream(path))
}

/** Node's own deflate and checksum, and nothing of an archive around it. */
async function zipBare(): Promise<void> {
  let sum = 0
  function* summed() {
    for (const chunk of sheetBytes()) {
      sum = crc32(chunk, sum)
      yield chunk
    }
  }
  await pipeline(Readable.from(summed()), createDeflateRaw({ level: LEVEL }), createWriteStream(path))
}

const WAYS: Record<string, () => Promise<void>> = {
  'sheet-ours': writeOurs,
  'sheet-exceljs': writeExceljs,
  'zip-ours': zipOurs,
  'zip-bare': zipBare,
}

const write = WAYS[way]
if (write === undefined)
  throw new Error(`There is no way "${way}" to write. There are: ${Object.keys(WAYS).join(', ')}.`)
const began = performance.now()
const { user, system } = process.cpuUsage()
await write()
const cpu = process.cpuUsage({ user, system })
const taken = {
  seconds: (performance.now() - began) / 1000,
  cpuSeconds: (cpu.user + cpu.system) / 1e6,
  peakMb: Math.ceil(process.resourceUsage().maxRSS / 1024),
  sizeBytes: (await stat(path)).size,
}
process.stdout.write(JSON.stringify(taken))
