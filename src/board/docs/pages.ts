import { z } from 'zod'
import { CODES } from '../../codes/index.ts'
import { type Html, html, type Renderable } from '../../html.ts'
import type { Context } from '../http/context.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { definePage } from '../http/page.ts'
import type { Route } from '../http/routes.ts'
import { layout } from '../ui/layout.ts'
import { cell, dataTable } from '../ui/parts.ts'
import {
  type JsonSchema,
  type OpenApiDocument,
  type OpenApiOperation,
  type OpenApiParameter,
  openApiDocument,
} from './openapi.ts'

type ApiDocs = { version: string; json: Buffer; page: Html; problems: Html }

/** Made once, for it is the same for everybody and dear to make. */
function apiDocs(endpoints: readonly Endpoint[], version: string): ApiDocs {
  const document = openApiDocument(endpoints, version)
  return { version, json: Buffer.from(JSON.stringify(document)), page: apiPage(document), problems: problemTable() }
}

const nothing = z.strictObject({})

export function docsPages(endpoints: readonly Endpoint[]): Route[] {
  let made: ApiDocs | null = null
  const docsOf = ({ board }: Context) => {
    if (made?.version !== board.version) made = apiDocs(endpoints, board.version)
    return made
  }
  const place = { role: 'open', scope: 'client', cost: 'dear', params: nothing, query: nothing } as const
  return [
    openApiRoute((context) => docsOf(context).json),
    definePage({
      ...place,
      path: '/docs',
      render: async (_input, context) => layout(context, { title: 'API', place: '/docs' }, docsOf(context).page),
    }),
    definePage({
      ...place,
      path: '/docs/problems',
      render: async (_input, context) =>
        layout(context, { title: 'Problems', place: '/docs' }, docsOf(context).problems),
    }),
  ]
}

/** The document itself, for programs and their makers: there is nothing of anybody in it. */
function openApiRoute(jsonOf: (context: Context) => Buffer): Route {
  return {
    method: 'get',
    path: '/openapi.json',
    role: 'public',
    scope: 'client',
    cost: 'dear',
    async answer(context, _request, response) {
      response.type('application/json').send(jsonOf(context))
    },
  }
}

function apiPage(document: OpenApiDocument): Html {
  const { info, tags, components } = document
  return html`<div class="page-head"><div><h1>API</h1><p class="lead">${info.description}</p></div></div>
<p>The document for tools is <a href="/openapi.json">openapi.json</a>; the codes of failures are <a href="/docs/problems">explained here</a>.
Send an API key as <code>Authorization: Bearer dbk_…</code>; <code>daybreak key</code> makes one.</p>
${tags.map(({ name }) => group(name, document))}
<section aria-labelledby="shapes"><h2 id="shapes">Shapes</h2>${Object.entries(components.schemas).map(
    ([name, schema]) =>
      html`<details id="shape-${name}"><summary><strong>${name}</strong></summary>${schemaBlock(schema)}</details>`,
  )}</section>`
}

function group(name: string, { paths }: OpenApiDocument): Html {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const own = operations.filter(({ operation }) => operation.tags.includes(name))
  return html`<section aria-labelledby="group-${name}"><h2 id="group-${name}">${name}</h2>${own.map(
    ({
      path,
      method,
      operation,
    }) => html`<details class="card operation" id="${operation.operationId}"><summary><code class="method ${method}">${method.toUpperCase()}</code> <code>${path}</code>
<span>${operation.summary}</span></summary>${operationBody(operation)}</details>`,
  )}</section>`
}

function operationBody({ description, parameters, requestBody, responses }: OpenApiOperation): Html {
  return html`<p>${description}</p>
${parameters.length > 0 && parameterTable(parameters)}
${requestBody && html`<h3>Body</h3>${contentBlocks(requestBody.content)}`}
<h3>Answers</h3>${Object.entries(responses).map(
    ([status, response]) =>
      html`<h4>${status === 'default' ? 'Otherwise' : status} <span class="quiet">${response.description}</span></h4>${response.content && contentBlocks(response.content)}`,
  )}`
}

function parameterTable(parameters: readonly OpenApiParameter[]): Html {
  return dataTable({
    caption: 'Parameters',
    columns: ['Name', 'In', 'What it is', 'Type'],
    rows: parameters.map(
      ({
        name,
        in: place,
        required,
        description,
        schema,
      }) => html`<tr><th scope="row" data-label="Name"><code>${name}</code>${required && html` <span class="quiet">required</span>`}</th>
${cell('In', place)}${cell('What it is', description ?? '–')}${cell('Type', typeWords(schema))}</tr>`,
    ),
  })
}

/** "one of a, b", "integer, 1 to 200, else 50". */
function typeWords({ type, enum: values, format, minimum, maximum, default: otherwise }: JsonSchema): string {
  const kind = Array.isArray(values) ? `one of ${values.join(', ')}` : words(format ?? type ?? 'any')
  const range = minimum === undefined ? '' : `, ${words(minimum)} to ${words(maximum)}`
  return kind + range + (otherwise === undefined ? '' : `, else ${words(otherwise)}`)
}

function words(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function contentBlocks(content: Record<string, { schema: JsonSchema }>): Html {
  return html`${Object.entries(content).map(([type, { schema }]) => html`<p><code>${type}</code></p>${Object.keys(schema).length > 0 && schemaBlock(schema)}`)}`
}

function schemaBlock(schema: JsonSchema): Html {
  const name = typeof schema['$ref'] === 'string' ? schema['$ref'].split('/').at(-1) : undefined
  if (name !== undefined) return html`<p><a href="#shape-${name}">${name}</a></p>`
  return html`<pre>${JSON.stringify(schema, (key, value) => (key === 'pattern' ? undefined : value), 2)}</pre>`
}

function problemTable(): Html {
  const codes = Object.entries(CODES)
  const answered = codes.filter(([, { status }]) => status !== null)
  const others = codes.filter(([, { status }]) => status === null)
  return html`<p class="crumbs"><a href="/docs">API</a></p><div class="page-head"><div><h1>Problems</h1>
<p class="lead">Every failure is a problem document (RFC 9457). Programs read its code, people its detail.</p></div></div>
${dataTable({
  caption: 'Codes',
  columns: ['Code', 'Status', 'What it means'],
  rows: answered.map(([code, { status, means }]) => codeRow(code, [cell('Status', status)], means)),
})}
<h2>Runs and commands</h2>
<p>The run that failed or the command that ended says these; the API does not answer with them.</p>
${dataTable({
  caption: 'Codes of runs and commands',
  columns: ['Code', 'What it means'],
  rows: others.map(([code, { means }]) => codeRow(code, [], means)),
})}`
}

function codeRow(code: string, cells: readonly Html[], means: string): Html {
  return html`<tr id="${code}"><th scope="row" data-label="Code"><code>${code}</code></th>${cells}${cell('What it means', marked(means))}</tr>`
}

/** What stands between back ticks is code. */
function marked(words: string): readonly Renderable[] {
  return words.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))
}
