import { z } from 'zod'
import {
  FORMATS,
  findKind,
  findRecordedImport,
  type Mapping,
  type NewImport,
  noteRun,
  parseMapping,
  readMapping,
  recordImport,
} from '../../ingest/index.ts'
import { importFile } from '../../jobs/import-file.ts'
import type { AuditEntry } from '../../people/audit.ts'
import { on } from '../../queues/index.ts'
import { findOwner } from '../facts/index.ts'
import { clientId } from '../http/address.ts'
import type { Context } from '../http/context.ts'
import { HttpError, notFound } from '../http/problem.ts'
import type { StoredUpload } from '../http/upload.ts'
import { originOf } from '../runs/index.ts'
import { findImport, type ImportView } from './read-imports.ts'

const ROWS_MAX = 1_048_576
const MAPPING_MAX = 200_000
const flag = z.enum(['true', 'false'])

/** How an uploaded file is to be imported, as an address or a form has it. */
export const importOptions = z.strictObject({
  client: clientId.optional().describe('Whose facts they are; needed where the key or person acts for every client.'),
  kind: z.string().min(1).max(100).describe('What the rows are, such as interactions or payments.'),
  mapping: z
    .string()
    .max(MAPPING_MAX)
    .optional()
    .describe('A mapping as JSON, or the name of one that ships; without, columns are named as those of the table.'),
  format: z.enum(FORMATS).optional().describe('Told by the file itself unless said.'),
  sheet: z.string().min(1).max(200).optional().describe('Of a workbook: name or number of the sheet.'),
  headerRow: z.coerce
    .number()
    .int()
    .min(1)
    .max(ROWS_MAX)
    .optional()
    .describe('Of a workbook: the row that names the columns.'),
  dryRun: flag.default('false').describe('Say what would become of the rows, and write nothing.'),
  strict: flag.default('false').describe('Keep nothing when any row is bad.'),
})
export type ImportOptions = z.output<typeof importOptions>

type Started = { view: ImportView; audit: AuditEntry | null }

/** Has an uploaded file imported. Throws what findOwner does, and InputError for a kind or mapping that cannot be. */
export async function startImport(context: Context, options: ImportOptions, file: StoredUpload): Promise<Started> {
  const owner = await findOwner(context, options.client)
  const kind = findKind(options.kind)
  const { sheet = null, headerRow = null, format = null } = options
  return planImport(context, {
    clientId: owner.id,
    kind: kind.name,
    fileName: file.fileName,
    format,
    sheet,
    headerRow,
    ...(await mappingOf(options.mapping)),
    dryRun: options.dryRun === 'true',
    strict: options.strict === 'true',
    objectKey: file.key,
    sizeBytes: file.sizeBytes,
    sha256: file.sha256,
    requestedBy: context.identity.name,
  })
}

/** Never a path: it would be one of this machine. */
async function mappingOf(text: string | undefined): Promise<{ mapping: Mapping | null; mappingName: string | null }> {
  if (text === undefined || text.trim() === '') return { mapping: null, mappingName: null }
  if (text.trim().startsWith('{')) return { mapping: parseMapping(text, 'that was sent'), mappingName: null }
  if (!/^[a-z0-9][a-z0-9-]{0,99}$/.test(text)) {
    throw new HttpError('mapping', 'The mapping is neither JSON nor the name of one that ships.')
  }
  await readMapping(text)
  return { mapping: null, mappingName: text }
}

/**
 * The record and its run commit together. The file lies in the store before: what nobody puts on record expires with
 * its day.
 */
async function planImport(context: Context, made: NewImport): Promise<Started> {
  const { board, identity } = context
  const asked = { origin: originOf(identity), requestedBy: identity.name, again: 'failed' } as const
  const { id, isAsked } = await board.ledger.requestWith(
    board.database.forClient(made.clientId),
    asked,
    async (tx, request) => {
      const { id, isNew } = await recordImport(tx, made)
      const state = isNew ? null : ((await findImport(tx, id))?.state ?? null)
      if (state !== null && state !== 'failed' && state !== 'cancelled') return { id, isAsked: false }
      const { runId } = await request(on(importFile, { clientId: made.clientId, importId: id }))
      await noteRun(tx, made.clientId, id, runId)
      return { id, isAsked: true }
    },
  )
  const view = await importInSight(context, id)
  return { view, audit: isAsked ? importStarted(id, made) : null }
}

function importStarted(id: string, made: NewImport): AuditEntry {
  const { clientId, kind, fileName, format, mappingName, dryRun, strict, sizeBytes, sha256 } = made
  const mapping = mappingName ?? (made.mapping === null ? null : 'its own')
  return {
    action: 'start-import',
    target: `import:${id}`,
    clientId,
    before: null,
    after: { kind, fileName, format, mapping, dryRun, strict, sizeBytes, sha256 },
  }
}

/**
 * Imports in earnest what a dry run has looked at, from the same file; twice is the same import, tried again where it
 * failed. Throws HttpError `not-found`, `not-a-dry-run`.
 */
export async function importInEarnest(context: Context, id: string): Promise<Started> {
  const rehearsal = await findRecordedImport(context.db, id)
  if (rehearsal === null) throw notFound(`There is no import ${id}.`)
  if (!rehearsal.dryRun) {
    throw new HttpError('not-a-dry-run', 'This import was no dry run: what it could take is stored already.')
  }
  return planImport(context, { ...rehearsal, dryRun: false, requestedBy: context.identity.name })
}

/** An import the visitor may see. Throws HttpError `not-found`. */
export async function importInSight({ db }: Context, id: string): Promise<ImportView> {
  const found = await findImport(db, id)
  if (found === null) throw notFound(`There is no import ${id}.`)
  return found
}
