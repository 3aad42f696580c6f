import { z } from 'zod'
import { FORMATS } from '../../ingest/index.ts'
import { clientId, nextCursor, nothing, page, uuid } from '../http/address.ts'
import { defineEndpoint, json } from '../http/endpoint.ts'
import { refuseOtherClient } from '../http/own-client.ts'
import { notFound } from '../http/problem.ts'
import { recordFile } from '../http/record-write.ts'
import { sendFile } from '../http/send-file.ts'
import { findRejects, IMPORT_STATES, type ImportView, listImports } from './read-imports.ts'
import { importInEarnest, importInSight, importOptions, startImport } from './request-import.ts'

const instant = z.iso.datetime()

const counts = z.strictObject({
  read: z.int().describe('Rows of the file, without its header and blank lines.'),
  rejected: z.int().describe('Rows that were not taken.'),
  repeated: z.int().describe('Rows that said the same as an earlier one of the file.'),
  unused: z.int().describe('Rows that yield no fact, by the conditions of the mapping.'),
  facts: z
    .array(z.strictObject({ kind: z.string(), inserted: z.int(), updated: z.int(), unchanged: z.int() }))
    .describe('In a dry run: what would become of them.'),
})

const importReply = z
  .strictObject({
    id: z.guid(),
    clientId: z.string(),
    kind: z.string(),
    fileName: z.string(),
    format: z.enum(FORMATS).nullable().describe('null: told by the file itself.'),
    sheet: z.string().nullable(),
    headerRow: z.int().nullable(),
    mapping: z.string().nullable().describe('The name of one that ships; own: one was sent.'),
    dryRun: z.boolean(),
    strict: z.boolean(),
    sizeBytes: z.int(),
    sha256: z.string(),
    requestedBy: z.string(),
    createdAt: instant,
    finishedAt: instant.nullable(),
    state: z
      .enum(IMPORT_STATES)
      .describe('refused: read to its end, and nothing was kept for its rows; a note says why.'),
    progress: z.number().min(0).max(1).nullable().describe('While it runs.'),
    errorMessage: z.string().nullable().describe('Why it failed, or why the last try did.'),
    found: z.string().nullable().describe('What the file or its mapping says where something else was expected.'),
    counts: counts
      .nullable()
      .describe(
        'null until it is done. Of one that was cancelled: what had become of its rows by then, if it could say.',
      ),
    notes: z.array(z.string()).describe('What whoever imports the file should know.'),
    rejects: z.string().nullable().describe('Where to download row, column and reason of each reject.'),
    runId: z.guid().nullable().describe('The run that does it; to cancel or retry.'),
  })
  .meta({ id: 'Import' })

function replyOf({ result, hasRejects, format, ...view }: ImportView): z.input<typeof importReply> {
  const { id, clientId, kind, fileName, sheet, headerRow, errorMessage, notes, runId, ...rest } = view
  return {
    ...{ id, clientId, kind, fileName },
    format: z.enum(FORMATS).nullable().parse(format),
    ...{ sheet, headerRow },
    ...rest,
    errorMessage,
    counts: result && {
      ...{ read: result.read, rejected: result.rejected, repeated: result.repeated, unused: result.unused },
      facts: result.tallies.map(({ table: _, ...tally }) => tally),
    },
    notes: [...notes],
    rejects: hasRejects ? `/api/imports/${id}/rejects` : null,
    runId,
  }
}

const place = { group: 'Facts', role: 'ingest', scope: 'client' } as const

export const startImportEndpoint = defineEndpoint({
  ...place,
  method: 'post',
  path: '/api/imports',
  summary:
    'Import a file of facts: CSV or JSON Lines, packed with gzip or not, or XLSX. Send it as the body, or as the part "file" of a form.',
  params: nothing,
  query: importOptions,
  upload: true,
  statuses: [202],
  reply: importReply,
  async handle({ query, body }, context) {
    const { view, audit } = await startImport(context, query, body)
    return { answer: json(replyOf(view), 202), audit }
  },
})

/** What a list of imports may be narrowed to. */
export const importFilter = z.strictObject({ client: clientId.optional(), ...page })
/** The address of one import. */
export const importParams = z.strictObject({ id: uuid.describe('The id of an import.') })

export const listImportsEndpoint = defineEndpoint({
  ...place,
  method: 'get',
  path: '/api/imports',
  summary: 'The files that were uploaded to be imported, newest first.',
  params: nothing,
  query: importFilter,
  statuses: [200],
  reply: z.strictObject({ imports: z.array(importReply), nextCursor }),
  async handle({ query }, context) {
    refuseOtherClient(context, query.client)
    const { imports, nextCursor: next } = await listImports(context.db, query)
    return json({ imports: imports.map(replyOf), nextCursor: next })
  },
})

export const findImportEndpoint = defineEndpoint({
  ...place,
  method: 'get',
  path: '/api/imports/:id',
  summary: 'How far an import has come, and what became of the rows.',
  params: importParams,
  query: nothing,
  statuses: [200],
  reply: importReply,
  handle: async ({ params }, context) => json(replyOf(await importInSight(context, params.id))),
})

export const importInEarnestEndpoint = defineEndpoint({
  ...place,
  method: 'post',
  path: '/api/imports/:id/import',
  summary: 'Import in earnest what a dry run looked at, from the same file. Twice is the same as once.',
  params: importParams,
  query: nothing,
  body: nothing,
  statuses: [202],
  reply: importReply,
  async handle({ params }, context) {
    const { view, audit } = await importInEarnest(context, params.id)
    return { answer: json(replyOf(view), 202), audit }
  },
})

export const downloadRejects = defineEndpoint({
  ...place,
  method: 'get',
  path: '/api/imports/:id/rejects',
  summary: 'The rows that were not taken, as CSV: row, column, value, reason, and the record as it stood.',
  params: importParams,
  query: nothing,
  statuses: [200, 302],
  reply: { mediaTypes: ['text/csv'] },
  async handle({ params }, context) {
    const { board, db } = context
    const rejects = await findRejects(db, params.id)
    if (rejects === null) throw notFound(`The import ${params.id} has no rejects.`)
    const { clientId } = await importInSight(context, params.id)
    await recordFile(context, { action: 'download-rejects', target: `import:${params.id}`, clientId })
    return sendFile(board.storage, { ...rejects, mediaType: 'text/csv; charset=utf-8', sizeBytes: 0 }, 'download')
  },
})
