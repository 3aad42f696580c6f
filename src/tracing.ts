import { AsyncLocalStorage } from 'node:async_hooks'
import type { Attributes, Tracer } from '@opentelemetry/api'
import { messageOf, PermanentError } from './errors.ts'
import type { Log } from './log.ts'
import { MINUTE_MS, SECOND_MS } from './time.ts'

/**
 * Traces from trigger to delivery, as OpenTelemetry means them. Until `openTracing` was called nothing of it is loaded,
 * and every function here does the work it is given and no more. A place in a trace is a W3C traceparent, a text that
 * also stands in `runs`. Attributes hold ids, names of jobs and numbers: no addresses, no names of people, no messages
 * of errors.
 */

/** What a span may be told while its work goes on. */
export type OpenSpan = {
  set(attributes: Attributes): void
  /** The work ended badly without throwing; `code` is one of ours, such as `smtp-refused`. */
  fail(code: string): void
}

type StartedSpan = OpenSpan & { traceParent: string; end(at?: Temporal.Instant): void }

type Start = (name: string, attributes: Attributes, parent: string | undefined, at?: Temporal.Instant) => StartedSpan

let start: Start | null = null
const here = new AsyncLocalStorage<string>()
const NO_SPAN: OpenSpan = { set() {}, fail() {} }

/** Where in which trace the work at hand stands; undefined: in none. */
export function traceParentHere(): string | undefined {
  return here.getStore()
}

/** Does `work` at a place in a trace that another process began. */
export function within<T>(traceParent: string | null, work: () => T): T {
  return traceParent === null ? work() : here.run(traceParent, work)
}

/** Does `work` as a span below `parent`; null: below the span at work, or as the first of a new trace. */
export async function inSpan<T>(
  name: string,
  attributes: Attributes,
  parent: string | null,
  work: (span: OpenSpan) => Promise<T>,
): Promise<T> {
  if (start === null) return within(parent, () => work(NO_SPAN))
  const span = start(name, attributes, parent ?? traceParentHere())
  try {
    return await here.run(span.traceParent, () => work(span))
  } catch (error) {
    span.fail(codeOf(error))
    throw error
  } finally {
    span.end()
  }
}

/** Whether anybody looks; else what only spans need is not worked out. */
export function isTracing(): boolean {
  return start !== null
}

/**
 * Records what is over already, such as a wait, between two ISO 8601 instants. Returns its place; undefined: nobody
 * traces.
 */
export function recordSpan(
  name: string,
  attributes: Attributes,
  parent: string | null,
  time: { from: string; to: string },
): string | undefined {
  if (start === null) return undefined
  const span = start(name, attributes, parent ?? undefined, Temporal.Instant.from(time.from))
  span.end(Temporal.Instant.from(time.to))
  return span.traceParent
}

function codeOf(error: unknown): string {
  if (error instanceof PermanentError) return error.code
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'error'
}

export type TracingOptions = {
  /** Of an OTLP collector; traces go to /v1/traces below it. undefined: nothing is traced. */
  endpoint: string | undefined
  headers: Record<string, string>
  serviceName: string
  version: string
  /** 0…1: of new traces; one that began elsewhere is kept where its beginning is. */
  keptShare: number
  log: Log
}

/** Spans that wait to be sent; what comes on top is dropped, so that a collector that is away costs no memory. */
const WAITING_MAX = 20_000
const SEND_EVERY_MS = SECOND_MS
const SEND_TIMEOUT_MS = 5 * SECOND_MS

/**
 * Loads the SDK and sends spans from now on, once per process. Returns how to send the last ones and stop; that takes 5
 * s at most.
 */
export async function openTracing(options: TracingOptions): Promise<() => Promise<void>> {
  const { endpoint, headers, serviceName, version, keptShare } = options
  if (endpoint === undefined) return async () => {}
  const api = await import('@opentelemetry/api')
  const sdk = await import('@opentelemetry/sdk-trace')
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http')
  const { resourceFromAttributes } = await import('@opentelemetry/resources')
  const say = oncePerMinute((words) => options.log.warn(`traces cannot be sent: ${words}`))
  const ignore = () => {}
  api.diag.setLogger({ error: say, warn: say, info: ignore, debug: ignore, verbose: ignore }, api.DiagLogLevel.WARN)
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`
  const exporter = new OTLPTraceExporter({ url, headers, timeoutMillis: SEND_TIMEOUT_MS })
  const batches = {
    maxQueueSize: WAITING_MAX,
    scheduledDelayMillis: SEND_EVERY_MS,
    exportTimeoutMillis: SEND_TIMEOUT_MS,
  }
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName, 'service.version': version }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(keptShare) }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter, ...batches })],
  })
  start = starter(api, provider.getTracer('daybreak', version))
  return async () => {
    start = null
    // What is traced has been done; that its last spans are lost is no failure of it.
    await provider.shutdown().catch((error: unknown) => say(messageOf(error)))
  }
}

const TRACE_PARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/** A traceparent that a stranger sent, when it is one. */
export function acceptTraceParent(text: string | undefined): string | null {
  const [, traceId, spanId] = TRACE_PARENT.exec(text ?? '') ?? []
  if (text === undefined || traceId === undefined || spanId === undefined) return null
  return /^0+$/.test(traceId) || /^0+$/.test(spanId) ? null : text
}

function starter(api: typeof import('@opentelemetry/api'), tracer: Tracer): Start {
  return (name, attributes, parent, at) => {
    const [, traceId, spanId, flags] = TRACE_PARENT.exec(parent ?? '') ?? []
    const below =
      traceId === undefined || spanId === undefined
        ? api.ROOT_CONTEXT
        : api.trace.setSpanContext(api.ROOT_CONTEXT, {
            traceId,
            spanId,
            traceFlags: Number.parseInt(flags ?? '0', 16),
            isRemote: true,
          })
    const time = at === undefined ? {} : { startTime: at.epochMilliseconds }
    const span = tracer.startSpan(name, { attributes, ...time }, below)
    const own = span.spanContext()
    return {
      traceParent: `00-${own.traceId}-${own.spanId}-${own.traceFlags.toString(16).padStart(2, '0')}`,
      set: (more) => void span.setAttributes(more),
      fail: (code) => void span.setAttribute('error.type', code).setStatus({ code: api.SpanStatusCode.ERROR }),
      end: (end) => span.end(end?.epochMilliseconds),
    }
  }
}

/** A collector that is away is away for every batch. */
function oncePerMinute(say: (words: string) => void): (words: string) => void {
  let saidAt = -MINUTE_MS
  return (words) => {
    if (performance.now() - saidAt < MINUTE_MS) return
    saidAt = performance.now()
    say(words)
  }
}
