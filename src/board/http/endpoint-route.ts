import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Request, Response } from 'express'
import { z } from 'zod'
import type { Context } from './context.ts'
import { type Answer, type Endpoint, isBulk, isQuestion, isRaw, isUpload, type UploadEndpoint } from './endpoint.ts'
import { once } from './idempotency.ts'
import { accept, acceptText, readBulkBody, readJsonBody } from './input.ts'
import { checkCsrf } from './origin.ts'
import { recordWrite } from './record-write.ts'
import type { Route } from './routes.ts'
import { discardUpload, receiveUpload } from './upload.ts'

/**
 * Everything an endpoint's declaration implies: checks on the way in, audit, and a reply that is what the document
 * says.
 */
export function routeOf(endpoint: Endpoint): Route {
  const { method, path, role, scope, cost } = endpoint
  return {
    method,
    path,
    role,
    scope,
    cost,
    async answer(context, request, response) {
      if (endpoint.method !== 'get') return answerWrite(endpoint, context, request, response)
      const input = addressInput(endpoint, request)
      await send(endpoint, await endpoint.handle(input, context), response)
    },
  }
}

function addressInput({ params, query }: Endpoint, request: Request) {
  return { params: acceptText('path', params, request.params), query: acceptText('query', query, request.query) }
}

// oxlint-disable-next-line typescript/no-explicit-any -- of any shape; the endpoint's own schemas check it
type WriteInput = { params: any; query: any; body: any }
type AnyWrite = Exclude<Endpoint, { method: 'get' }>

/** A bulk write's reply of more characters is not kept for its Idempotency-Key. */
const KEPT_REPLY_MAX = 64 * 1024

async function answerWrite(endpoint: AnyWrite, context: Context, request: Request, response: Response): Promise<void> {
  const { identity } = context
  if (identity.kind === 'user') {
    checkCsrf(context.board, request, { shown: request.get('X-CSRF-Token'), expected: identity.csrfToken })
  }
  if (isUpload(endpoint)) return answerUpload(endpoint, context, request, response)
  const address = addressInput(endpoint, request)
  const { body, digest } = await bodyOf(endpoint, request, response)
  await answerOnce(endpoint, context, { request, response }, { input: { ...address, body }, digest })
}

/**
 * The file is there before anybody can say whether the same was sent before; then, and after a failure, it is deleted
 * again.
 */
async function answerUpload(
  // oxlint-disable-next-line typescript/no-explicit-any -- of any shape; its own schemas check it
  endpoint: UploadEndpoint<any, any, any>,
  context: Context,
  request: Request,
  response: Response,
): Promise<void> {
  const { board } = context
  const accepted = (fields: object) => acceptText('query', endpoint.query, fields)
  const params: unknown = acceptText('path', endpoint.params, request.params)
  const { fields, file } = await receiveUpload(board, request, { beforeBody: accepted, onPart() {} })
  try {
    const input = { params, query: accepted(fields), body: file }
    const digest = () => [fields, file.sha256]
    if (await answerOnce(endpoint, context, { request, response }, { input, digest })) await discardUpload(board, file)
  } catch (error) {
    await discardUpload(board, file)
    throw error
  }
}

/**
 * Does a write, or gives the answer of the first request with its Idempotency-Key; returns whether it did the latter.
 */
async function answerOnce(
  endpoint: AnyWrite,
  context: Context,
  { request, response }: { request: Request; response: Response },
  { input, digest }: { input: WriteInput; digest: () => unknown },
): Promise<boolean> {
  const { identity } = context
  const key = acceptIdempotencyKey(request.get('Idempotency-Key'))
  if (key === null || identity.kind === 'anonymous') {
    await send(endpoint, await write(endpoint, input, context), response)
    return false
  }
  const keyed = {
    actor: `${identity.kind}:${identity.id}`,
    key,
    request: JSON.stringify([request.method, request.originalUrl, digest()]),
    now: context.board.clock(),
  }
  const { status, reply, replayed } = await once(context.board.database.system, keyed, async () => {
    const answer = await write(endpoint, input, context)
    if (answer.kind !== 'json') throw new Error(`${endpoint.path} is a write and must answer JSON`)
    const reply = JSON.stringify(checked(endpoint, answer.body))
    return { status: answer.status, reply, isKept: !isBulk(endpoint) || reply.length <= KEPT_REPLY_MAX }
  })
  if (replayed) response.setHeader('Idempotency-Replayed', 'true')
  response.status(status).type('application/json').send(reply)
  return replayed
}

/** The body as the endpoint takes it, and what stands for it when two requests are compared. */
async function bodyOf(endpoint: Exclude<AnyWrite, { upload: true }>, request: Request, response: Response) {
  if (isBulk(endpoint)) {
    const body = await readBulkBody(request, response, endpoint.bulk)
    return { body, digest: () => createHash('sha256').update(body.bytes).digest('hex') }
  }
  const body: unknown = accept('body', endpoint.body, await readJsonBody(request, response))
  return { body, digest: () => body }
}

async function write(endpoint: AnyWrite, input: WriteInput, context: Context) {
  if (isQuestion(endpoint)) return endpoint.handle(input, context)
  const { method, path } = endpoint
  const asked = { method, path, params: input.params, client: input.query.client }
  const { answer } = await recordWrite(context, asked, () => endpoint.handle(input, context))
  return answer
}

const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')

function acceptIdempotencyKey(value: string | undefined): string | null {
  return value === undefined
    ? null
    : accept('header', z.object({ 'Idempotency-Key': idempotencyKey }), { 'Idempotency-Key': value })['Idempotency-Key']
}

async function send(endpoint: Endpoint, answer: Answer<unknown>, response: Response): Promise<void> {
  switch (answer.kind) {
    case 'json':
      // Making, checking and writing a large answer each take a while, and others are answered in between.
      await nextTurn()
      await sendJson(response, answer.status, checked(endpoint, answer.body))
      return
    case 'redirect':
      response.redirect(302, answer.location)
      return
    case 'raw':
      response.status(answer.status).set(answer.headers).type(answer.mediaType)
      await pour(answer.content, response)
  }
}

async function sendJson(response: Response, status: number, body: unknown): Promise<void> {
  await nextTurn()
  response.status(status).type('application/json').send(JSON.stringify(body))
}

/**
 * A browser that goes away, before a download begins or in its middle, is no failure of ours; what was open for it is
 * closed.
 */
async function pour(content: string | Readable, response: Response): Promise<void> {
  try {
    await pipeline(typeof content === 'string' ? Readable.from(content) : content, response)
  } catch (error) {
    if (!GONE.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  } finally {
    if (typeof content !== 'string') content.destroy()
  }
}

const GONE = ['ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_UNABLE_TO_PIPE']

/** What leaves is what the document says, or nothing leaves. */
function checked(endpoint: Endpoint, body: unknown): unknown {
  if (isRaw(endpoint.reply)) throw new Error(`${endpoint.path} declares no JSON reply`)
  return endpoint.reply.parse(body)
}
