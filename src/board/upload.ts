import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { Busboy, type BusboyInstance } from '@fastify/busboy'
import type { Request } from 'express'
import { uploadKey } from '../ingest/uploaded-imports.ts'
import type { StoredObject } from '../storage/object-store.ts'
import { dayOf } from '../time.ts'
import type { Board } from './context.ts'
import { allowLongBody } from './listen.ts'
import { HttpError } from './problem.ts'

/** A file somebody sent, in the object store. */
export type StoredUpload = StoredObject & { fileName: string }
/** `fields`: what came with it, in the address or as parts of a form. */
export type Upload = { fields: Record<string, unknown>; file: StoredUpload }

const FIELDS_MAX = 30
/** A mapping may be a page long. */
const FIELD_BYTES_MAX = 1 << 20
const NAME_MAX = 255

/** What is asked before the file is read, of the fields known then; each may throw. */
export type UploadChecks = {
  /** The file is the body: every field is known. */
  beforeBody(fields: Record<string, unknown>): void
  /** The file is a part of a form: other fields may follow. */
  beforePart(fields: Record<string, unknown>): void
}

/**
 * Stores the file of a request as it comes in: a form with a part `file`, or the body as a whole. Throws HttpError `file-needed`, `body-too-large`, `bad-request`; then nothing stays stored.
 */
export async function receiveUpload(board: Board, request: Request, checks: UploadChecks): Promise<Upload> {
  allowLongBody(request)
  refuseLarge(Number(request.headers['content-length'] ?? 0), board.importMaxBytes)
  const upload = request.is('multipart/form-data')
    ? await receiveForm(board, request, checks.beforePart)
    : await receiveBody(board, request, checks.beforeBody)
  if (upload.file.sizeBytes > 0) return upload
  await discardUpload(board, upload.file)
  throw fileNeeded()
}

/** Deletes a file that nobody wants after all. One whose import is on record stays: the import will be done, whatever failed after it. */
export async function discardUpload({ storage, database }: Board, { key }: StoredUpload): Promise<void> {
  const imports = database.system.selectFrom('imports').select('id').where('object_key', '=', key).limit(1)
  if ((await imports.executeTakeFirst()) === undefined) await storage.delete(key)
}

async function receiveBody(
  board: Board,
  request: Request,
  check: (fields: Record<string, unknown>) => void,
): Promise<Upload> {
  const { fileName, ...fields } = request.query
  check(fields)
  return { fields, file: await store(board, request, typeof fileName === 'string' ? fileName : 'upload') }
}

async function receiveForm(
  board: Board,
  request: Request,
  check: (fields: Record<string, unknown>) => void,
): Promise<Upload> {
  const fields: Record<string, unknown> = { ...request.query }
  const parts = openForm(request)
  const ended = Promise.withResolvers<void>()
  let storing: Promise<StoredUpload> | null = null
  parts.on('field', (name, value) => {
    fields[name] = value
  })
  parts.on('file', (name, content, fileName) => {
    if (name !== 'file' || storing !== null) {
      content.resume()
      ended.reject(badForm(`its part "${name}" is a file, and only one part may be, called "file"`))
      return
    }
    storing = takePart(board, { content, fileName }, () => check(fields))
    storing.catch(ended.reject)
  })
  parts.on('error', (error) => ended.reject(badForm(error)))
  parts.on('finish', ended.resolve)
  request.once('close', () => {
    if (!request.complete) ended.reject(badForm('it broke off'))
  })
  request.pipe(parts)
  return { fields, file: await fileOf(board, ended.promise, () => storing) }
}

/** The file of a form once the form has ended, or nothing of it. */
async function fileOf(
  board: Board,
  ended: Promise<void>,
  storing: () => Promise<StoredUpload> | null,
): Promise<StoredUpload> {
  try {
    await ended
  } catch (error) {
    // What is stored by then, or will be, nobody wants; that it could not be stored is what went wrong.
    await storing()?.then(
      (file) => discardUpload(board, file),
      () => undefined,
    )
    throw error
  }
  const file = await storing()
  if (file === null) throw fileNeeded()
  return file
}

function openForm(request: Request): BusboyInstance {
  try {
    const headers = { ...request.headers, 'content-type': request.headers['content-type'] ?? '' }
    return new Busboy({ headers, limits: { files: 2, fields: FIELDS_MAX, fieldSize: FIELD_BYTES_MAX } })
  } catch (error) {
    throw badForm(error)
  }
}

async function takePart(
  board: Board,
  { content, fileName }: { content: Readable; fileName: string | undefined },
  check: () => void,
): Promise<StoredUpload> {
  try {
    check()
    return await store(board, content, fileName ?? '')
  } catch (error) {
    // What is left of it must not hold up the rest of the form.
    content.resume()
    throw error
  }
}

async function store(board: Board, content: Readable, fileName: string): Promise<StoredUpload> {
  const { storage, clock, importMaxBytes } = board
  const key = uploadKey(dayOf(clock(), 'UTC'))
  const bound = { passed: 0 }
  try {
    const body = Readable.from(bounded(content, importMaxBytes, bound), { objectMode: false })
    const stored = await storage.put(key, body, { mediaType: 'application/octet-stream' })
    return { ...stored, fileName: nameOf(fileName) }
  } catch (error) {
    // The store may have an error of its own for a stream that ended early.
    refuseLarge(bound.passed, importMaxBytes)
    throw content.errored === null ? error : badForm(content.errored)
  }
}

async function* bounded(content: Readable, max: number, bound: { passed: number }): AsyncGenerator<Buffer> {
  for await (const chunk of content as AsyncIterable<Buffer>) {
    bound.passed += chunk.length
    refuseLarge(bound.passed, max)
    yield chunk
  }
}

function refuseLarge(bytes: number, max: number): void {
  if (bytes <= max) return
  const megabytes = Math.floor(max / 1_000_000)
  throw new HttpError(
    413,
    'body-too-large',
    `The file is larger than ${megabytes} MB. Pack it with gzip, or split it.`,
    {
      headers: { Connection: 'close' },
    },
  )
}

/** A name without a folder, and without what no file is called. */
function nameOf(fileName: string): string {
  const name = basename(fileName.replaceAll('\\', '/'))
    .replaceAll(/\p{Cc}/gu, '')
    .trim()
    .slice(-NAME_MAX)
  return name === '' || !name.isWellFormed() ? 'upload' : name
}

function fileNeeded(): HttpError {
  return new HttpError(400, 'file-needed', 'Send a file: as the body, or as the part "file" of a form.')
}

function badForm(error: unknown): HttpError {
  const words = error instanceof Error ? error.message : String(error)
  return new HttpError(400, 'bad-request', `The upload cannot be read: ${words}.`, { headers: { Connection: 'close' } })
}
