import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

type Value = { stringValue?: string; intValue?: number | string; doubleValue?: number; boolValue?: boolean }
type Attribute = { key: string; value: Value }
type OtlpSpan = {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: Attribute[]
  status?: { code?: number }
}
type OtlpBody = {
  resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: OtlpSpan[] }[] }[]
}

/** A span as it arrived. */
export type ReceivedSpan = {
  service: string
  traceId: string
  id: string
  parentId: string | null
  name: string
  fromMs: number
  toMs: number
  isError: boolean
  attributes: Record<string, unknown>
}

export type Collector = {
  endpoint: string
  spans: ReceivedSpan[]
  /** The headers of every request. */
  headers: Record<string, unknown>[]
  /** Everything that arrived, as text. */
  said(): string
  close(): Promise<void>
}

/** An OpenTelemetry collector that takes traces as OTLP over HTTP in JSON and keeps them. */
export async function openCollector(): Promise<Collector> {
  const spans: ReceivedSpan[] = []
  const headers: Record<string, unknown>[] = []
  const bodies: string[] = []
  const take = (body: string) => {
    bodies.push(body)
    for (const { resource, scopeSpans } of (JSON.parse(body) as OtlpBody).resourceSpans) {
      const service = String(valuesOf(resource.attributes)['service.name'])
      spans.push(...scopeSpans.flatMap((scope) => scope.spans.map((span) => receivedOf(service, span))))
    }
  }
  const server = createServer((request, response) => {
    if (request.method !== 'POST' || request.url !== '/v1/traces') return void response.writeHead(404).end()
    headers.push(request.headers)
    void text(request).then((body) => {
      take(body)
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    headers,
    said: () => bodies.join('\n'),
    close: () => new Promise((done) => void server.close(() => done())),
  }
}

function receivedOf(service: string, span: OtlpSpan): ReceivedSpan {
  return {
    service,
    traceId: span.traceId,
    id: span.spanId,
    parentId: span.parentSpanId || null,
    name: span.name,
    fromMs: Number(BigInt(span.startTimeUnixNano) / 1_000_000n),
    toMs: Number(BigInt(span.endTimeUnixNano) / 1_000_000n),
    isError: span.status?.code === 2,
    attributes: valuesOf(span.attributes),
  }
}

function valuesOf(attributes: Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}
