import { createHmac } from 'node:crypto'
import { messageOf, PermanentError, RetryLaterError } from '../errors.ts'
import { MINUTE_MS, SECOND_MS } from '../time.ts'

/** Calls one address with signed JSON, as standardwebhooks.com says. */
export type Webhook = {
  /** Where it leads, without path and query, which may hold a secret. */
  origin: string
  /**
   * Posts one message; the same id is the same message, however often it is sent. Returns the status it was answered
   * with (2xx). Throws PermanentError('webhook-refused') for what another try will not fix, RetryLaterError when told
   * to wait, else a plain Error.
   */
  send(message: WebhookMessage, signal: AbortSignal): Promise<number>
}

export type WebhookMessage = {
  id: string
  /** When it is sent; a receiver refuses one that is minutes old. */
  at: Temporal.Instant
  body: string
}

export type WebhookOptions = {
  url: string
  /** `whsec_` and base64; undefined: messages go unsigned. */
  secret: string | undefined
  timeoutMs?: number
}

const TIMEOUT_MS = 15 * SECOND_MS
/** A receiver may ask for patience, up to this. */
const RETRY_AFTER_MAX_MS = 30 * MINUTE_MS
/** Client errors that pass. */
const PASSING = [408, 425, 429]

export function openWebhook({ url, secret, timeoutMs = TIMEOUT_MS }: WebhookOptions): Webhook {
  const { host, origin } = new URL(url)
  return {
    origin,
    async send(message, signal) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'Daybreak', ...headersOf(message, secret) },
        body: message.body,
        // Whoever redirects a webhook is not whom it was meant for.
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      }).catch((error: unknown) => {
        if (signal.aborted) throw signal.reason
        throw new Error(`The webhook at ${host} could not be reached: ${reasonOf(error, timeoutMs)}.`)
      })
      await response.body?.cancel()
      if (!response.ok) throw refusalOf(response, host)
      return response.status
    },
  }
}

function headersOf({ id, at, body }: WebhookMessage, secret: string | undefined): Record<string, string> {
  const timestamp = String(Math.floor(at.epochMilliseconds / SECOND_MS))
  const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp }
  if (secret === undefined) return headers
  return { ...headers, 'webhook-signature': `v1,${signatureOf(`${id}.${timestamp}.${body}`, secret)}` }
}

function signatureOf(text: string, secret: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  return createHmac('sha256', key).update(text).digest('base64')
}

/** fetch says only "fetch failed"; its cause says why. */
function reasonOf(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${timeoutMs / SECOND_MS} s`
  return error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error)
}

function refusalOf(response: Response, host: string): Error {
  const { status } = response
  const said = `The webhook at ${host} answered ${status}`
  if (status >= 300 && status < 400) {
    return new PermanentError(
      'webhook-refused',
      `${said}, a redirect, which is not followed. Correct ALERT_WEBHOOK_URL.`,
    )
  }
  if (status < 500 && !PASSING.includes(status)) {
    return new PermanentError('webhook-refused', `${said}. Correct ALERT_WEBHOOK_URL, or its receiver, then retry.`)
  }
  const waitMs = retryAfterMs(response.headers.get('retry-after'), response.headers.get('date'))
  return waitMs === null ? new Error(`${said}.`) : new RetryLaterError(waitMs, `${said} and asked for patience.`)
}

/** Seconds, or a date, which is read against the receiver's own clock. */
function retryAfterMs(value: string | null, date: string | null): number | null {
  if (value === null) return null
  const ms = /^\d+$/.test(value) ? Number(value) * SECOND_MS : Date.parse(value) - Date.parse(date ?? '')
  return Number.isFinite(ms) ? Math.min(Math.max(ms, SECOND_MS), RETRY_AFTER_MAX_MS) : null
}
