import { promisify } from 'node:util'
import express, { type Request, type RequestHandler, type Response } from 'express'
import type { z } from 'zod'
import type { HttpCode } from '../../codes/index.ts'
import type { BulkBody, BulkInput } from './endpoint.ts'
import { type FieldError, fieldErrors, HttpError } from './problem.ts'

/** Requests are small; files come in another way. */
const BODY_BYTES_MAX = 256 * 1024
const TOO_LARGE = 'The body is larger than 256 kB.'
const JSON_TYPES = ['application/json', 'application/*+json']

const readJson = express.json({ limit: BODY_BYTES_MAX, type: JSON_TYPES, strict: false, reviver: storable })
const readForm = express.urlencoded({ limit: BODY_BYTES_MAX, extended: false, parameterLimit: 200 })

/** The JSON body; an empty one is an empty object. Throws HttpError 400, 413, 415. */
export async function readJsonBody(request: Request, response: Response): Promise<unknown> {
  if (!hasBody(request)) return {}
  if (!request.is(JSON_TYPES)) {
    const message = `The body must be JSON, sent as application/json; this is ${request.get('Content-Type') ?? 'unnamed'}.`
    throw new HttpError('unsupported-media-type', message)
  }
  await parse(readJson, request, response)
  return request.body
}

/** The fields of a form, as text. Throws HttpError 413, 415. */
export async function readFormBody(request: Request, response: Response): Promise<unknown> {
  if (!hasBody(request)) return {}
  if (!request.is('application/x-www-form-urlencoded')) {
    throw new HttpError('unsupported-media-type', 'The body must be a form, sent as application/x-www-form-urlencoded.')
  }
  await parse(readForm, request, response)
  const fields: Record<string, unknown> = { ...(request.body as object) }
  if (Object.entries(fields).flat().every(isStorable)) return fields
  throw new HttpError('bad-request', `${UNSTORABLE}.`)
}

/** A body as it came, packed with gzip or not. Throws HttpError 413, 415. */
export async function readBulkBody(
  request: Request,
  response: Response,
  { content, maxBytes }: BulkBody,
): Promise<BulkInput> {
  const mediaTypes = Object.keys(content)
  const mediaType = request.is(mediaTypes)
  const charset = /;\s*charset\s*=\s*"?([\w-]+)/i.exec(request.get('Content-Type') ?? '')?.[1]
  if (hasBody(request) && (typeof mediaType !== 'string' || !/^utf-?8$/i.test(charset ?? 'utf-8'))) {
    const sent = request.get('Content-Type') ?? 'unnamed'
    const message = `The body must be sent as ${mediaTypes.join(' or ')}, in UTF-8; this is ${sent}.`
    throw new HttpError('unsupported-media-type', message)
  }
  const tooLarge = `The body is larger than ${Math.floor(maxBytes / 1024 / 1024)} MB. Send it in parts.`
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) {
    throw new HttpError('body-too-large', tooLarge, { headers: { Connection: 'close' } })
  }
  const read = express.raw({ limit: maxBytes, type: () => true })
  await unpack(read, request, response).catch((error: Error & { type?: unknown }) => {
    throw error.type === 'entity.too.large' ? new HttpError('body-too-large', tooLarge) : error
  })
  const bytes: unknown = request.body
  return { mediaType: mediaType || (mediaTypes[0] ?? ''), bytes: Buffer.isBuffer(bytes) ? bytes : Buffer.alloc(0) }
}

function hasBody(request: Request): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
}

async function parse(parser: typeof readJson, request: Request, response: Response): Promise<void> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) {
    // Answered before it is read; the rest is not waited for.
    throw new HttpError('body-too-large', TOO_LARGE, { headers: { Connection: 'close' } })
  }
  await unpack(parser, request, response)
}

/**
 * Throws HttpError 415 for a body packed with anything but gzip, 400 for one that is not what it says, and what the
 * parser throws.
 */
async function unpack(parser: RequestHandler, request: Request, response: Response): Promise<void> {
  const encoding = request.get('Content-Encoding') ?? 'identity'
  if (!/^(gzip|identity)$/i.test(encoding)) {
    const message = `A body is packed with gzip, or not at all; this is ${encoding}.`
    throw new HttpError('unsupported-media-type', message)
  }
  try {
    await promisify<Request, Response>(parser)(request, response)
  } catch (error) {
    if (error instanceof UnstorableTextError) throw new HttpError('invalid-json', error.message, { cause: error })
    const { code } = error as { code?: unknown }
    if (typeof code !== 'string' || !code.startsWith('Z_')) throw error
    throw new HttpError('bad-request', 'The body is not gzip, or is cut off.', { cause: error })
  }
}

const UNSTORABLE = 'NUL or half a surrogate pair cannot be stored'

/** PostgreSQL's text holds neither NUL nor half a surrogate pair; nobody means to send them. */
function isStorable(text: unknown): boolean {
  return typeof text !== 'string' || (!text.includes('\0') && text.isWellFormed())
}

class UnstorableTextError extends Error {}

const NAME_SHOWN_MAX = 60

/** Looks at every name and value while JSON is read. */
function storable(name: string, value: unknown): unknown {
  if (isStorable(name) && isStorable(value)) return value
  const shown = JSON.stringify(name.slice(0, NAME_SHOWN_MAX))
  throw new UnstorableTextError(`The body holds text that cannot be stored, at ${shown}: ${UNSTORABLE}.`)
}

const CODES = {
  path: 'invalid-path',
  query: 'invalid-query',
  body: 'invalid-body',
  header: 'invalid-header',
} as const satisfies Record<FieldError['in'], HttpCode>

/** What a schema makes of what was sent. Throws HttpError that names every field that is wrong. */
export function accept<Output>(place: FieldError['in'], schema: z.ZodType<Output>, value: unknown): Output {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const errors = fieldErrors(place, parsed.error)
  const words = errors.map(({ pointer, detail }) => (pointer === '' ? detail : `${pointer}: ${detail}`)).join(' ')
  throw new HttpError(CODES[place], words, { errors })
}

/** Parameters of an address, which may hold what a body may not. */
export function acceptText<Output>(place: 'path' | 'query', schema: z.ZodType<Output>, values: object): Output {
  for (const [name, value] of Object.entries(values)) {
    if (String(value).includes('\0')) {
      throw new HttpError(CODES[place], `${name} holds a NUL character.`, {
        errors: [{ in: place, pointer: name, detail: 'A NUL character cannot stand here.' }],
      })
    }
  }
  return accept(place, schema, { ...values })
}
