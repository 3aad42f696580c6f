import { Readable } from 'node:stream'
import { sql } from 'kysely'
import type { ClientDatabase, ClientTransaction } from '../../db/database.ts'
import { messageOf, PermanentError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { ObjectStore } from '../../storage/object-store.ts'
import { inSpan, traceParentHere } from '../../tracing.ts'
import { type AskedReport, compareOf, filtersOf } from '../asked-report.ts'
import { reportNamed } from '../catalogue/index.ts'
import { type Block, type Document, type Figure, REPORT_FORMATS, type ReportFormat } from '../document.ts'
import { type FontLibrary, fileNameOf, type PdfPrinter, renderers } from '../render/index.ts'
import type { ReportClient } from '../report.ts'
import { composeDocument } from './compose-document.ts'
import { waitForRollUps } from './wait-for-roll-ups.ts'

export type ExecutionParams = AskedReport & { clientId: string; scheduleId: string | null }

export type ExecutionTools = {
  executionId: string
  /**
   * Tells the tries apart: none writes over what an earlier one stored, and what was mailed stays what it was until the
   * next commit.
   */
  attempt: number
  db: ClientDatabase
  storage: ObjectStore
  printer: PdfPrinter
  fonts: FontLibrary
  signal: AbortSignal
  log: Log
  progress(share: number): void
  /** A transaction in the middle of the work. */
  checkpoint(write: (tx: ClientTransaction) => Promise<void>): Promise<void>
  /** The last transaction; `write` returns the deliveries to send. */
  commit(write: (tx: ClientTransaction) => Promise<string[]>): Promise<void>
}

type StoredFile = {
  format: ReportFormat
  object_key: string
  file_name: string
  media_type: string
  size_bytes: number
  sha256: string
}

/**
 * Renders one report for one window into every format, stores the files under the execution's id (the run's) and plans
 * one delivery per recipient, all on record in one commit. Twice gives the same execution, the same objects and no
 * second mail.
 */
export async function renderExecution(params: ExecutionParams, tools: ExecutionTools): Promise<void> {
  const client = await readClient(tools.db, params.clientId)
  const reads = reportNamed(params.report).reads({ from: params.from, to: params.to }, compareOf(params))
  const { db, executionId } = tools
  await waitForRollUps(db, { executionId, clientId: client.id, timeZone: client.timeZone, reads })
  await openExecution(params, client, tools)
  try {
    await renderAll(params, client, tools)
  } catch (error) {
    await recordFailure(params.clientId, error, tools)
    throw error
  }
}

async function renderAll(params: ExecutionParams, client: ReportClient, tools: ExecutionTools): Promise<void> {
  const document = await inSpan('compose', { 'daybreak.report': params.report }, null, () =>
    composeDocument(tools.db, {
      name: params.report,
      client,
      window: { from: params.from, to: params.to },
      filters: filtersOf(params),
      compare: compareOf(params),
      executionId: tools.executionId,
      signal: tools.signal,
    }),
  )
  const files: StoredFile[] = []
  for (const format of formatsOf(params.formats)) {
    files.push(await renderAndStore(document, format, tools))
    tools.progress(files.length / (params.formats.length + 1))
  }
  // Before the commit too: who dies right after it has nobody to come back and tidy up.
  await dropEarlier(client.id, [...files, ...(await committedFiles(client.id, tools))], tools)
  await tools.commit(async (tx) => {
    await closeExecution(tx, document, files, params)
    return planDeliveries(tx, params, tools.executionId)
  })
  await dropEarlier(client.id, files, tools)
  const label = `${params.report} of ${params.clientId} for ${document.meta.windowLabel}`
  tools.log.info({ report: params.report, files: files.length }, `rendered ${label}`)
}

/** What the execution has on record: people may have it, until the next commit. */
async function committedFiles(
  clientId: string,
  { db, executionId }: ExecutionTools,
): Promise<{ object_key: string }[]> {
  return db
    .selectFrom('execution_files')
    .select('object_key')
    .where('client_id', '=', clientId)
    .where('execution_id', '=', executionId)
    .execute()
}

/**
 * Deletes what earlier tries stored, but for what is to be kept. Never what a later one stores: then we are the one
 * that was believed dead, and our commit will be refused.
 */
async function dropEarlier(
  clientId: string,
  keep: { object_key: string }[],
  { storage, executionId, attempt }: ExecutionTools,
): Promise<void> {
  const prefix = `${clientId}/${executionId}/`
  const kept = new Set(keep.map((file) => file.object_key))
  for await (const key of storage.list(prefix)) {
    const isEarlier = Number.parseInt(key.slice(prefix.length), 10) < attempt
    if (isEarlier && !kept.has(key)) await storage.delete(key)
  }
}

async function recordFailure(
  clientId: string,
  error: unknown,
  { checkpoint, executionId }: ExecutionTools,
): Promise<void> {
  await checkpoint(async (tx) => {
    await tx
      .updateTable('executions')
      .set({ state: 'failed', error_message: messageOf(error), finished_at: sql`now()` })
      .where('client_id', '=', clientId)
      .where('id', '=', executionId)
      .execute()
  })
}

/** Each format once, in the catalogue's order. */
function formatsOf(wanted: ReportFormat[]): ReportFormat[] {
  return REPORT_FORMATS.filter((format) => wanted.includes(format))
}

async function readClient(db: ClientDatabase, clientId: string): Promise<ReportClient> {
  const client = await db
    .selectFrom('clients')
    .select(['id', 'name', 'time_zone as timeZone', 'currency', 'locale'])
    .where('id', '=', clientId)
    .executeTakeFirst()
  if (!client) throw new PermanentError('unknown-client', `there is no client ${clientId}`)
  return client
}

async function openExecution(
  params: ExecutionParams,
  client: ReportClient,
  { checkpoint, executionId }: ExecutionTools,
): Promise<void> {
  await checkpoint(async (tx) => {
    await tx
      .insertInto('executions')
      .values({
        client_id: client.id,
        id: executionId,
        report: params.report,
        schedule_id: params.scheduleId,
        window_from: params.from,
        window_to: params.to,
        time_zone: client.timeZone,
        currency: client.currency,
        state: 'running',
      })
      .onConflict((conflict) =>
        conflict.columns(['client_id', 'id']).doUpdateSet({ state: 'running', error_message: null, finished_at: null }),
      )
      .execute()
  })
}

async function renderAndStore(
  document: Document,
  format: ReportFormat,
  { storage, printer, fonts, log, signal, executionId, attempt }: ExecutionTools,
): Promise<StoredFile> {
  const renderer = renderers[format]
  const fileName = fileNameOf(document.meta, format)
  const key = `${document.meta.client.id}/${executionId}/${attempt}/${fileName}`
  const stored = await inSpan('render', { 'daybreak.format': format }, null, () => {
    const body = Readable.from(renderer.render(document, { printer: tracedPrinter(printer), fonts, log, signal }))
    return inSpan('store', { 'daybreak.format': format }, null, async (span) => {
      const { sizeBytes, sha256 } = await storage.put(key, body, { mediaType: renderer.mediaType, signal })
      span.set({ 'daybreak.bytes': sizeBytes })
      return { sizeBytes, sha256 }
    })
  })
  return {
    format,
    object_key: key,
    file_name: fileName,
    media_type: renderer.mediaType,
    size_bytes: stored.sizeBytes,
    sha256: stored.sha256,
  }
}

/** Its spans stand beside the store's, which pulls the pieces while it writes. */
function tracedPrinter(printer: PdfPrinter): PdfPrinter {
  const place = traceParentHere() ?? null
  return { ...printer, print: (html, options) => inSpan('print', {}, place, () => printer.print(html, options)) }
}

async function closeExecution(
  tx: ClientTransaction,
  { meta, blocks }: Document,
  files: StoredFile[],
  params: ExecutionParams,
): Promise<void> {
  await tx
    .updateTable('executions')
    .set({
      state: 'completed',
      finished_at: sql`now()`,
      provisional: meta.provisionalDays.length > 0,
      data_as_of: meta.dataAsOf,
      figures: JSON.stringify(headlineFigures(blocks)),
    })
    .where('client_id', '=', params.clientId)
    .where('id', '=', meta.executionId)
    .execute()
  await tx
    .insertInto('execution_files')
    .values(files.map((file) => ({ client_id: params.clientId, execution_id: meta.executionId, ...file })))
    .onConflict((conflict) =>
      conflict.columns(['client_id', 'execution_id', 'format']).doUpdateSet((excluded) => ({
        object_key: excluded.ref('excluded.object_key'),
        file_name: excluded.ref('excluded.file_name'),
        size_bytes: excluded.ref('excluded.size_bytes'),
        sha256: excluded.ref('excluded.sha256'),
      })),
    )
    .execute()
}

/** The first figures of a report: what the mail shows. */
function headlineFigures(blocks: Block[]): Figure[] {
  return blocks.find((block) => block.kind === 'figures')?.figures ?? []
}

/** One delivery per recipient of the schedule; those that exist stay as they are. Returns the new ones. */
async function planDeliveries(
  tx: ClientTransaction,
  { clientId, scheduleId }: ExecutionParams,
  executionId: string,
): Promise<string[]> {
  if (scheduleId === null) return []
  const rows = await tx
    .insertInto('deliveries')
    .columns(['client_id', 'execution_id', 'address', 'formats', 'state'])
    .expression(
      sql`
        select client_id, ${executionId}::uuid, address, formats,
          case when unsubscribed_at is null then 'pending' else 'unsubscribed' end
        from schedule_recipients where client_id = ${clientId} and schedule_id = ${scheduleId}` as never,
    )
    .onConflict((conflict) => conflict.doNothing())
    .returning(['id', 'state'])
    .execute()
  return rows.filter((row) => row.state === 'pending').map((row) => row.id)
}
