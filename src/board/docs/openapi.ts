import { z } from 'zod'
import { type Endpoint, isBulk, isRaw, isUpload } from '../http/endpoint.ts'
import type { Cost } from '../http/routes.ts'

export type JsonSchema = Record<string, unknown>

/** What the pages of the API read of an OpenAPI 3.1 document. */
export type OpenApiParameter = {
  name: string
  in: 'path' | 'query' | 'header'
  required: boolean
  description?: string
  schema: JsonSchema
}
export type OpenApiOperation = {
  operationId: string
  summary: string
  description: string
  tags: string[]
  security: Record<string, string[]>[]
  parameters: OpenApiParameter[]
  requestBody?: { required: boolean; content: Record<string, { schema: JsonSchema }> }
  responses: Record<string, { description: string; content?: Record<string, { schema: JsonSchema }> }>
}
export type OpenApiDocument = {
  openapi: string
  info: { title: string; version: string; description: string }
  tags: { name: string }[]
  paths: Record<string, Record<string, OpenApiOperation>>
  components: { schemas: Record<string, JsonSchema>; securitySchemes: Record<string, JsonSchema> }
}

const problem = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().describe('Stable; /docs/problems lists them.'),
    instance: z.string(),
    errors: z
      .array(
        z.strictObject({ in: z.enum(['body', 'query', 'path', 'header']), pointer: z.string(), detail: z.string() }),
      )
      .optional(),
  })
  .meta({ id: 'Problem' })

const ROLE_WORDS = {
  public: 'Open to everybody.',
  open: 'Open to everybody.',
  reports: 'For every role that reads reports.',
  viewer: 'For viewers, operators and admins.',
  metrics: 'For viewers, operators and admins; for everybody where METRICS_WITHOUT_KEY is set.',
  ingest: 'For keys that bring facts in, operators and admins.',
  operator: 'For operators and admins.',
  admin: 'For admins.',
}

const COST_WORDS: Record<Cost, string> = {
  free: ' Is not counted.',
  dear: ' May take long: one person or key gets two such answers at once, further requests wait a little and are then refused with 429.',
}

/** The API as an OpenAPI 3.1 document, read off its endpoints. */
export function openApiDocument(endpoints: readonly Endpoint[], version: string): OpenApiDocument {
  const schemas: Record<string, JsonSchema> = {}
  const paths: OpenApiDocument['paths'] = {}
  for (const endpoint of endpoints) {
    const path = endpoint.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [endpoint.method]: operationOf(endpoint, schemas) }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Daybreak',
      version,
      description:
        'Runs, reports and their files. Failures are problem documents (RFC 9457) with a stable code. Lists come in pages: pass nextCursor as cursor.',
    },
    tags: [...new Set(endpoints.map(({ group }) => group))].map((name) => ({ name })),
    paths: byName(paths),
    components: {
      schemas: byName(schemas),
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', bearerFormat: 'dbk_…', description: 'An API key.' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'daybreak-session',
          description: 'A signed-in person; writes also show X-CSRF-Token.',
        },
      },
    },
  }
}

function byName<Value>(values: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function operationOf(endpoint: Endpoint, schemas: Record<string, JsonSchema>): OpenApiOperation {
  return {
    operationId: operationId(endpoint),
    summary: endpoint.summary,
    description: ROLE_WORDS[endpoint.role] + (endpoint.cost === undefined ? '' : COST_WORDS[endpoint.cost]),
    tags: [endpoint.group],
    security: endpoint.role === 'public' ? [] : [{ key: [] }, { session: [] }],
    parameters: [
      ...parametersOf('path', endpoint.params, schemas),
      ...parametersOf('query', endpoint.query, schemas),
      ...(endpoint.method === 'get' ? [] : [IDEMPOTENCY_KEY]),
    ],
    ...(endpoint.method === 'get' ? {} : { requestBody: bodyOf(endpoint, schemas) }),
    responses: responsesOf(endpoint, schemas),
  }
}

const IDEMPOTENCY_KEY: OpenApiParameter = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same key within a day gets the first answer again.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}

/** `post /api/jobs/:name/runs` is postApiJobsNameRuns. */
function operationId({ method, path }: Endpoint): string {
  const words = path.split(/[/:._-]+/).filter((word) => word !== '')
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
}

function parametersOf(
  place: 'path' | 'query',
  schema: z.ZodType,
  schemas: Record<string, JsonSchema>,
): OpenApiParameter[] {
  const { properties = {}, required = [] } = schemaOf(schema, 'input', schemas) as {
    properties?: Record<string, JsonSchema>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(typeof description === 'string' ? { description } : {}),
    schema: rest,
  }))
}

function bodyOf(
  endpoint: Exclude<Endpoint, { method: 'get' }>,
  schemas: Record<string, JsonSchema>,
): NonNullable<OpenApiOperation['requestBody']> {
  if (isUpload(endpoint)) return uploadBody(endpoint.query, schemas)
  if (!isBulk(endpoint)) {
    return { required: false, content: { 'application/json': { schema: schemaOf(endpoint.body, 'input', schemas) } } }
  }
  const content = Object.entries(endpoint.bulk.content).map(([mediaType, schema]) => {
    return [mediaType, { schema: schemaOf(schema, 'input', schemas) }] as const
  })
  return { required: true, content: Object.fromEntries(content) }
}

/** The file alone, or in a form beside the parameters. */
function uploadBody(
  query: z.ZodType,
  schemas: Record<string, JsonSchema>,
): NonNullable<OpenApiOperation['requestBody']> {
  const file = { type: 'string', contentMediaType: 'application/octet-stream' }
  const { properties = {} } = schemaOf(query, 'input', schemas) as { properties?: Record<string, JsonSchema> }
  const form = { type: 'object', properties: { ...properties, file }, required: ['file'] }
  return {
    required: true,
    content: { 'application/octet-stream': { schema: file }, 'multipart/form-data': { schema: form } },
  }
}

const STATUS_WORDS: Record<number, string> = {
  200: 'Done.',
  202: 'Taken on.',
  302: 'Somewhere else: follow Location.',
  503: 'Not ready.',
}

function responsesOf(endpoint: Endpoint, schemas: Record<string, JsonSchema>): OpenApiOperation['responses'] {
  const { reply } = endpoint
  const content = isRaw(reply)
    ? Object.fromEntries(reply.mediaTypes.map((type) => [type, { schema: {} }]))
    : { 'application/json': { schema: schemaOf(reply, 'output', schemas) } }
  const own = endpoint.statuses.map((status) => {
    const description = STATUS_WORDS[status] ?? 'Answered.'
    return [String(status), status === 302 ? { description } : { description, content }]
  })
  const failure = { schema: schemaOf(problem, 'output', schemas) }
  const failed = { description: 'A problem.', content: { 'application/problem+json': failure } }
  return { ...Object.fromEntries(own), default: failed }
}

/** A zod schema as JSON Schema; what has a name of its own moves to `schemas`. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', schemas: Record<string, JsonSchema>): JsonSchema {
  const text = JSON.stringify(z.toJSONSchema(schema, { io })).replaceAll('"#/$defs/', '"#/components/schemas/')
  const made = JSON.parse(text) as JsonSchema & { $defs?: Record<string, JsonSchema> }
  for (const [name, definition] of Object.entries(made.$defs ?? {})) schemas[name] = without(definition, ['id'])
  const own = without(made, ['$schema', '$defs', 'id'])
  if (typeof made['id'] !== 'string') return own
  schemas[made['id']] = own
  return { $ref: `#/components/schemas/${made['id']}` }
}

function without(schema: JsonSchema, members: readonly string[]): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([member]) => !members.includes(member)))
}
