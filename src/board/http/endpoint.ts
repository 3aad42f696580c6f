import type { Readable } from 'node:stream'
import type { z } from 'zod'
import type { AuditEntry } from '../../people/audit.ts'
import type { Access, Scope } from '../../people/roles.ts'
import type { Context } from './context.ts'
import type { Cost } from './routes.ts'
import type { StoredUpload } from './upload.ts'

/** A reply that is no JSON: which media types it may have. */
export type RawReply = { mediaTypes: readonly string[] }

/** What an endpoint answers: JSON as its `reply` says, bytes, or another address. */
export type Answer<Body> =
  | { kind: 'json'; status: number; body: Body }
  | { kind: 'raw'; status: number; mediaType: string; headers: Record<string, string>; content: string | Readable }
  | { kind: 'redirect'; location: string }

/** A write also says what it changed, for the audit log; null when it changed nothing. */
export type Written<Body> = { answer: Answer<Body>; audit: AuditEntry | null }

type Place<Params, Query> = {
  path: `/${string}`
  /** The heading it stands under in the documentation. */
  group: string
  summary: string
  role: Access
  scope: Scope
  cost?: Cost
  params: z.ZodType<Params>
  query: z.ZodType<Query>
  /** The status codes of its own answers, the usual one first; failures are problem documents. */
  statuses: readonly number[]
}

export type ReadEndpoint<Params, Query, Reply extends z.ZodType> = Place<Params, Query> & {
  method: 'get'
  reply: Reply | RawReply
  handle(input: { params: Params; query: Query }, context: Context): Promise<Answer<z.input<Reply>>>
}

export type WriteEndpoint<Params, Query, Body, Reply extends z.ZodType> = Place<Params, Query> & {
  /** post makes or starts something, put sets it whole, patch changes what the body names, delete takes it away. */
  method: 'post' | 'put' | 'patch' | 'delete'
  body: z.ZodType<Body>
  reply: Reply | RawReply
  handle(input: { params: Params; query: Query; body: Body }, context: Context): Promise<Written<z.input<Reply>>>
}

/** A question that is too long for an address. It changes nothing, so it goes on no record. */
export type QuestionEndpoint<Params, Query, Body, Reply extends z.ZodType> = Place<Params, Query> & {
  method: 'post'
  question: true
  body: z.ZodType<Body>
  reply: Reply
  handle(input: { params: Params; query: Query; body: Body }, context: Context): Promise<Answer<z.input<Reply>>>
}

/** A body that goes past the schemas, because it may be large and its items are checked one by one. */
export type BulkBody = {
  /** The media types it may have, and what the document says of each. */
  content: Readonly<Record<string, z.ZodType>>
  maxBytes: number
}

/** What was sent, as it came; `mediaType` is one of those declared. */
export type BulkInput = { mediaType: string; bytes: Buffer }

/**
 * A write of many things at once. Sending it again must be harmless without an Idempotency-Key too: a reply that is too
 * large to be kept is made again.
 */
export type BulkEndpoint<Params, Query, Reply extends z.ZodType> = Place<Params, Query> & {
  method: 'post'
  bulk: BulkBody
  reply: Reply
  handle(input: { params: Params; query: Query; body: BulkInput }, context: Context): Promise<Written<z.input<Reply>>>
}

/**
 * A write with a file, which is in the object store before the endpoint sees it. Its query may also come as the fields
 * of a form.
 */
export type UploadEndpoint<Params, Query, Reply extends z.ZodType> = Place<Params, Query> & {
  method: 'post'
  upload: true
  reply: Reply
  /** When it throws, the file is deleted again; else it is the endpoint's. */
  handle(
    input: { params: Params; query: Query; body: StoredUpload },
    context: Context,
  ): Promise<Written<z.input<Reply>>>
}

// A list holds endpoints of every shape; each checks its own input and reply.
// oxlint-disable typescript/no-explicit-any -- of any shape
export type Endpoint =
  | ReadEndpoint<any, any, any>
  | WriteEndpoint<any, any, any, any>
  | QuestionEndpoint<any, any, any, any>
  | BulkEndpoint<any, any, any>
  | UploadEndpoint<any, any, any>
// oxlint-enable typescript/no-explicit-any

/** Declares an endpoint once: routing, validation, roles, audit and OpenAPI are read off it. Nothing is defaulted. */
export function defineEndpoint<Params, Query, Reply extends z.ZodType>(
  endpoint: ReadEndpoint<Params, Query, Reply>,
): Endpoint
export function defineEndpoint<Params, Query, Body, Reply extends z.ZodType>(
  endpoint: WriteEndpoint<Params, Query, Body, Reply>,
): Endpoint
export function defineEndpoint<Params, Query, Body, Reply extends z.ZodType>(
  endpoint: QuestionEndpoint<Params, Query, Body, Reply>,
): Endpoint
export function defineEndpoint<Params, Query, Reply extends z.ZodType>(
  endpoint: BulkEndpoint<Params, Query, Reply>,
): Endpoint
export function defineEndpoint<Params, Query, Reply extends z.ZodType>(
  endpoint: UploadEndpoint<Params, Query, Reply>,
): Endpoint
export function defineEndpoint(endpoint: Endpoint): Endpoint {
  return endpoint
}

// oxlint-disable-next-line typescript/no-explicit-any -- of any shape, as in the list
export function isBulk(endpoint: Endpoint): endpoint is BulkEndpoint<any, any, any> {
  return 'bulk' in endpoint
}

// oxlint-disable-next-line typescript/no-explicit-any -- of any shape, as in the list
export function isQuestion(endpoint: Endpoint): endpoint is QuestionEndpoint<any, any, any, any> {
  return 'question' in endpoint
}

// oxlint-disable-next-line typescript/no-explicit-any -- of any shape, as in the list
export function isUpload(endpoint: Endpoint): endpoint is UploadEndpoint<any, any, any> {
  return 'upload' in endpoint
}

export function isRaw(reply: z.ZodType | RawReply): reply is RawReply {
  return 'mediaTypes' in reply
}

export function json<Body>(body: Body, status = 200): Answer<Body> {
  return { kind: 'json', status, body }
}

export function raw(
  mediaType: string,
  content: string | Readable,
  headers: Record<string, string> = {},
): Answer<never> {
  return { kind: 'raw', status: 200, mediaType, headers, content }
}
