import { type BulkConnection, openBulkConnection, refusalOf } from '../../db/copy.ts'
import type { Database } from '../../db/database.ts'
import { InputError, messageOf } from '../../errors.ts'
import { suggestion } from '../../nearest.ts'
import type { Clock } from '../../time.ts'
import { findKind } from '../kinds/index.ts'
import type { FactKind } from '../kinds/kind.ts'
import type { ReadingContext } from '../mapping/compile-column.ts'
import { compileMapping } from '../mapping/compile-mapping.ts'
import { columnsRead, type Mapping, plainMapping, plainSource, readMapping } from '../mapping/mapping.ts'
import { calledByImport, calledByPath } from '../sources/called.ts'
import type { Format } from '../sources/format.ts'
import { openSource } from '../sources/open-source.ts'
import type { RecordPage, RecordSource, Reject, SourceFile, SourceRecord } from '../sources/source.ts'
import { createRowConverter, type RowConverter } from '../write/convert-rows.ts'
import {
  createBatchWriter,
  createComparingWriter,
  createMonthEnsurer,
  createTryingWriter,
  type EnsureMonths,
  type FactWriter,
  type WriterOptions,
} from '../write/fact-writers.ts'
import type { Tally } from '../write/staging.ts'
import { createWholeWriter, type MergeWatch } from '../write/whole-writer.ts'
import { type Batches, createBatches } from './batches.ts'
import { ImportFailure } from './import-failure.ts'
import { createRejectsFile, type RejectsFile } from './rejects-file.ts'

export type ImportOptions = {
  database: Database
  clientId: string
  /** A kind of facts, or another name of it: payments, calls. */
  kind: string
  path: string
  /** What tells its format; null: its path. */
  name: string | null
  /** Of an import on record, by which messages call the file; left out: they call it by its path. */
  importId?: string
  /** null: told by its first bytes and its name. */
  format: Format | null
  /** Of a workbook: the name or number of the sheet; null: as the mapping says, or the first that is not hidden. */
  sheet: string | null
  /** Of a workbook: the row that names the columns; null: as the mapping says, or the first that is not empty. */
  headerRow: number | null
  /** A mapping, the path of one, or the name of one that ships; null: the file's columns are named as the table's. */
  mapping: Mapping | string | null
  /** Everything but the write. */
  dryRun: boolean
  /** Nothing is kept when any row is bad. */
  strict: boolean
  /** null: beside the file. */
  rejectsPath: string | null
  clock: Clock
  signal: AbortSignal
  onProgress(progress: ImportProgress): void
}

export type ImportProgress = { phase: 'checking' | 'importing'; bytesRead: number; bytesTotal: number; rows: number }

export type ImportResult = {
  /** Rows of the file, without its header and blank lines. */
  read: number
  /** Rows that were not taken. */
  rejected: number
  /** Rows that said the same as an earlier row of the file. */
  repeated: number
  /** Rows that yield no fact by the conditions of the mapping. */
  unused: number
  /** Facts by kind. In a dry run: what would become of them. */
  tallies: Tally[]
  rejectsPath: string | null
  notes: string[]
  /** The last line that was dealt with when a signal stopped the import; null when it came to the end. */
  stoppedAtLine: number | null
}

/**
 * Brings the rows of a file in as facts of one client: read, convert, store, some thousands at a time, in memory that
 * does not grow with the file. A bad row goes to the rejects file and costs no other. Importing the same file again
 * changes nothing. Throws an InputError for what is wrong with the file or the mapping as a whole, an ImportFailure
 * once rows may have been stored.
 */
export async function importFile(options: ImportOptions): Promise<ImportResult> {
  const kind = findKind(options.kind)
  const mapping = typeof options.mapping === 'string' ? await readMapping(options.mapping) : options.mapping
  const client = await findClient(options)
  const rejects = createRejectsFile(options.path, options.rejectsPath)
  const name = options.name ?? options.path
  const called = options.importId === undefined ? calledByPath(name) : calledByImport(options.importId)
  const file = { path: options.path, name, called }
  const job: Job = { options, file, kind, mapping, client, rejects }
  try {
    const counts = options.strict && !options.dryRun ? await importWhole(job) : await importParts(job)
    if (counts.read === 0 && counts.stoppedAtLine === null) {
      throw new InputError('no-rows', `${file.called} holds no rows below its header.`)
    }
    return { ...counts, rejectsPath: await rejects.close() }
  } finally {
    await rejects.close()
  }
}

type Job = {
  options: ImportOptions
  file: SourceFile
  kind: FactKind
  mapping: Mapping | null
  client: ReadingContext
  rejects: RejectsFile
}

async function findClient({ database, clientId, clock }: ImportOptions): Promise<ReadingContext> {
  const clients = await database.system.selectFrom('clients').select(['id', 'time_zone', 'currency']).execute()
  const client = clients.find(({ id }) => id === clientId)
  if (client !== undefined) return { timeZone: client.time_zone, currency: client.currency, clock }
  const ids = clients.map(({ id }) => id)
  const listed = ids.length === 0 ? 'there are none yet' : `there are ${ids.slice(0, 20).join(', ')}`
  throw new InputError('no-such-client', `There is no client "${clientId}"${suggestion(clientId, ids)} (${listed}).`)
}

/** Each batch is kept as it is done; in a dry run, none is. */
function importParts(job: Job): Promise<Counts> {
  const { dryRun } = job.options
  return passOver(job, 'importing', dryRun ? createComparingWriter : createBatchWriter)
}

/**
 * All rows or none: the file is checked to its end before anything is written, and written in one transaction. When the
 * database refuses that, the file is read again for the rows that are at fault.
 */
async function importWhole(job: Job): Promise<Counts> {
  const { signal, onProgress } = job.options
  const onMerged: MergeWatch['onMerged'] = ({ bytes, bytesTotal, facts }) =>
    onProgress({ phase: 'importing', bytesRead: bytes, bytesTotal, rows: facts })
  try {
    return await passOver(job, 'checking', (writer, ensureMonths) =>
      createWholeWriter(writer, ensureMonths, { signal, onMerged }),
    )
  } catch (error) {
    if (!(error instanceof ImportFailure) || refusalOf(error.cause) === null) throw error
    const tried = await passOver(job, 'checking', createTryingWriter)
    if (isComplete(tried)) throw error
    return tried
  }
}

type Counts = Omit<ImportResult, 'rejectsPath'>

/** Every row of the file was taken. */
function isComplete({ rejected, stoppedAtLine }: Counts): boolean {
  return rejected === 0 && stoppedAtLine === null
}

type OpenWriter = (options: WriterOptions, ensureMonths: EnsureMonths) => Promise<FactWriter>

/** Reads the file once from its beginning to its end, or until the signal. */
async function passOver(job: Job, phase: ImportProgress['phase'], openWriter: OpenWriter): Promise<Counts> {
  const { database, clientId } = job.options
  const { source, format } = await openFile(job)
  let connection: BulkConnection | null = null
  try {
    const mapping = job.mapping ?? plainMapping(job.kind, source.header)
    const facts = compileMapping(mapping, job.kind, source.header, { ...job.client, hasRealValues: format !== 'csv' })
    connection = await openBulkConnection(database, clientId)
    const ensureMonths = createMonthEnsurer(connection, facts, job.options.clock())
    const writer = await openWriter({ connection, clientId, facts }, ensureMonths)
    const converter = createRowConverter(facts)
    const batches = createBatches(writer, facts.length, converter.months, job.rejects)
    const faultsOf = faultFinder(mapping, source.header)
    return await takeAll(job, phase, source, {
      counts: { ...NOTHING_YET, notes: [] },
      converter,
      batches,
      faultsOf,
      writer,
    })
  } finally {
    await source.close()
    await connection?.release()
  }
}

/** Takes every page of the file to the writer, and lets it end its work. */
async function takeAll(
  job: Job,
  phase: ImportProgress['phase'],
  source: RecordSource,
  parts: PassParts & { writer: FactWriter },
): Promise<Counts> {
  const { counts, batches, writer } = parts
  try {
    await takePages(job, phase, source, parts)
    counts.tallies = await writer.finish(isComplete(counts))
  } catch (error) {
    await batches.abandon()
    if (error !== job.options.signal.reason) {
      throw new ImportFailure(wordsOn(job, error), error, { ...counts, tallies: writer.kept() })
    }
    await stopHere(counts, batches)
    counts.tallies = writer.kept()
  }
  return counts
}

/** Counts what was dealt with, and no row beyond. */
async function stopHere(counts: Counts, batches: Batches): Promise<void> {
  const { refused, dropped, doneLine } = await batches.stop()
  counts.rejected += refused
  counts.read -= dropped
  counts.stoppedAtLine = doneLine
}

function openFile({ options, file, kind, mapping }: Job) {
  return openSource(file, options.format, {
    delimiter: mapping?.delimiter ?? plainSource.delimiter,
    encoding: mapping?.encoding ?? plainSource.encoding,
    sheet: options.sheet ?? mapping?.sheet ?? null,
    headerRow: options.headerRow ?? mapping?.headerRow ?? null,
    wanted: mapping === null ? new Set(Object.keys(kind.columns)) : columnsRead(mapping),
    signal: options.signal,
  })
}

/** Finds the cells of a record that hold no value and that the mapping reads. */
function faultFinder(mapping: Mapping, header: readonly string[]): (record: SourceRecord) => Reject[] {
  const read = columnsRead(mapping)
  return ({ line, text, faults = [] }) =>
    faults
      .map(({ at, value, reason }) => ({ line, column: header[at] ?? '', value, reason, text }))
      .filter(({ column }) => read.has(column))
}

const NOTHING_YET = { read: 0, rejected: 0, repeated: 0, unused: 0, tallies: [], stoppedAtLine: null }

type PassParts = {
  counts: Counts
  converter: RowConverter
  batches: Batches
  faultsOf(record: SourceRecord): Reject[]
}

async function takePages(
  { options, rejects }: Job,
  phase: ImportProgress['phase'],
  source: RecordSource,
  parts: PassParts,
): Promise<void> {
  const { counts, batches } = parts
  for await (const page of source.pages) {
    if (options.signal.aborted) return stopHere(counts, batches)
    await rejects.add(await takePage(page, parts))
    options.onProgress({ phase, bytesRead: page.bytesRead, bytesTotal: source.bytesTotal, rows: counts.read })
  }
  counts.rejected += await batches.flush()
}

/** Hands the good rows of a page on and returns the bad ones. */
async function takePage(page: RecordPage, { counts, converter, batches, faultsOf }: PassParts): Promise<Reject[]> {
  const rejects = [...page.rejects]
  counts.read += page.records.length + page.rejects.length
  counts.rejected += page.rejects.length
  if (page.note !== null) counts.notes.push(page.note)
  for (const record of page.records) {
    const faults = record.faults === undefined ? [] : faultsOf(record)
    const conversion = faults.length > 0 ? faults : converter.convert(record, batches.current())
    if (conversion === 'stored') {
      await batches.writeWhenFull()
    } else if (Array.isArray(conversion)) {
      counts.rejected += 1
      rejects.push(...conversion)
    } else {
      counts[conversion] += 1
    }
  }
  return rejects
}

/** What is wrong with the file says so itself; anything else broke the import off. */
function wordsOn({ options, file }: Job, error: unknown): InputError {
  if (error instanceof InputError) return error
  const kept = options.strict || options.dryRun ? 'Nothing was kept' : 'What was stored before is kept'
  const message = `The import of ${file.called} broke off: ${messageOf(error)}. ${kept}; running it again is harmless.`
  return new InputError('import-broken-off', message)
}
