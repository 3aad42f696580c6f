import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { Busboy, type BusboyInstance } from '@fastify/busboy'
import type { Request } from 'express'
import { uploadKey } from '../../ingest/index.ts'
import type { StoredObject } from '../../storage/object-store.ts'
import { dayOf } from '../../time.ts'
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

/** What is asked before the file is read; each may throw, and then nothing more is read. */
export type UploadChecks = {
  /** The file is the body: the fields are those of the address, and no other follows. */
  beforeBody(fields: Record<string, unknown>): void
  /**
   * The file is a part of a form: asked after each field and before the file, of the fields that the form has brought
   * so far.
   */
  onPart(fields: Record<string, unknown>): void
}

/**
 * Stores the file of a request as it comes in: a form with a part `file`, or the body as a whole. Throws HttpError
 * `file-needed`, `body-too-large`, `bad-request`; then nothing stays stored.
 */
export async function receiveUpload(board: Board, request: Request, checks: UploadChecks): Promise<Upload> {
  allowLongBody(request)
  refuseLarge(Number(request.headers['content-length'] ?? 0), board.importMaxBytes)
  const upload = request.is('multipart/form-data')
    ? await receiveForm(board, request, checks.onPart)
    : await receiveBody(board, request, checks.beforeBody)
  if (upload.file.sizeBytes > 0) return upload
  await discardUpload(board, upload.file)
  throw fileNeeded()
}

/**
 * Deletes a file that nobody wants after all. One whose import is on record stays: the import will be done, whatever
 * failed after it.
 */
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
  const fields: Record<string, unknown> = {}
  const parts = openForm(request)
  const ended = Promise.withResolvers<void>()
  let taken: { content: Readable; storing: Promise<StoredUpload> } | null = null
  const refused = new AbortController()
  const refuse = (error: unknown) => {
    if (refused.signal.aborted) return
    refused.abort(error)
    ended.reject(error)
    stopReading(request, parts)
    // Whoever stores it would wait for the rest for ever.
    taken?.content.destroy(error instanceof Error ? error : badForm(error))
  }
  onEachPart(parts, refused.signal, refuse, {
    field(name, value) {
      fields[name] = value
      check(fields)
    },
    file(name, content, fileName) {
      if (name !== 'file' || taken !== null) {
        throw badForm(`its part "${name}" is a file, and only one part may be, called "file"`)
      }
      check(fields)
      taken = { content, storing: store(board, content, fileName) }
      taken.storing.catch(refuse)
    },
  })
  parts.on('finish', ended.resolve)
  request.once('close', () => {
    if (!request.complete) refuse(badForm('it broke off'))
  })
  boundForm(request, board.importMaxBytes, refuse)
  request.pipe(parts)
  const file = await fileOf(board, ended.promise, () => taken?.storing ?? null)
  return { fields: { ...request.query, ...fields }, file }
}

type PartHandlers = {
  field(name: string, value: string): void
  file(name: string, content: Readable, fileName: string): void
}

/** Hands over part after part until one is refused; what a handler throws refuses the form. */
function onEachPart(
  parts: BusboyInstance,
  refused: AbortSignal,
  refuse: (error: unknown) => void,
  handle: PartHandlers,
): void {
  const attempt = (step: () => void) => {
    try {
      if (!refused.aborted) step()
    } catch (error) {
      refuse(error)
    }
  }
  parts.on('field', (name, value, _nameIsCut, isCut) =>
    attempt(() => {
      if (isCut) throw badForm(`its field "${name}" is longer than ${FIELD_BYTES_MAX} bytes`)
      handle.field(name, value)
    }),
  )
  parts.on('file', (name, content, fileName: string | undefined) => {
    // A part that breaks off says so in the next tick, when nobody may have begun to read it, or never will.
    content.on('error', (error) => content.destroy(error))
    attempt(() => handle.file(name, content, fileName ?? ''))
    if (refused.aborted) content.destroy()
  })
  parts.on('fieldsLimit', () => refuse(badForm(`it has more than ${FIELDS_MAX} fields`)))
  parts.on('error', (error) => refuse(badForm(error)))
}

/** What is left of a refused request is not waited for, and its connection serves no other. */
function stopReading(request: Request, parts: BusboyInstance): void {
  request.unpipe(parts)
  request.res?.set('Connection', 'close')
}

/** What stands around the file is bounded as the file is. */
function boundForm(request: Request, fileBytesMax: number, refuse: (error: unknown) => void): void {
  const bytesMax = fileBytesMax + FIELDS_MAX * FIELD_BYTES_MAX
  let passed = 0
  request.on('data', (chunk: Buffer) => {
    passed += chunk.length
    if (passed > bytesMax) refuse(badForm('what stands around the file is too large'))
  })
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
  throw new HttpError('body-too-large', `The file is larger than ${megabytes} MB. Pack it with gzip, or split it.`, {
    headers: { Connection: 'close' },
  })
}

/**
 * A name without a folder, and without what no file is called or what would show it as another (`\u202Efdp.exe` reads
 * as exe.pdf).
 */
function nameOf(fileName: string): string {
  const name = basename(fileName.replaceAll('\\', '/'))
    .replaceAll(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu, '')
    .trim()
    .slice(-NAME_MAX)
  return name === '' || !name.isWellFormed() ? 'upload' : name
}

function fileNeeded(): HttpError {
  return new HttpError('file-needed', 'Send a file: as the body, or as the part "file" of a form.')
}

function badForm(error: unknown): HttpError {
  const words = error instanceof Error ? error.message : String(error)
  return new HttpError('bad-request', `The upload cannot be read: ${words}.`, { headers: { Connection: 'close' } })
}
