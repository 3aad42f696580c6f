import { z } from 'zod'
import { type Html, html, type Renderable } from '../../html.ts'
import type { StoredResult } from '../../ingest/index.ts'
import { clientOptions, timeZoneOf } from '../http/clients.ts'
import { refuseOtherClient } from '../http/own-client.ts'
import { defineForm, definePage, ownAddress, type PageContext } from '../http/page.ts'
import { formatBytes, formatDistance, formatInstant, plural, titleOf } from '../ui/format.ts'
import { icon } from '../ui/icons.ts'
import { layout } from '../ui/layout.ts'
import { actionButton, badge, cell, dataTable, empty, olderLink, select } from '../ui/parts.ts'
import { progressBar } from '../ui/run-parts.ts'
import { importFilter, importParams } from './endpoints.ts'
import { type ImportView, listImports } from './read-imports.ts'
import { importInEarnest, importInSight } from './request-import.ts'

const REFRESH_S = 2
const OPEN = ['waiting', 'running']
const place = { role: 'operator', scope: 'client' } as const

export const importsPage = definePage({
  path: '/imports',
  ...place,
  params: z.strictObject({}),
  query: importFilter,
  async render({ query }, context) {
    refuseOtherClient(context, query.client)
    const { imports, nextCursor } = await listImports(context.db, query)
    const isBusy = query.cursor === undefined && imports.some(({ state }) => OPEN.includes(state))
    const clients = await clientOptions(context.db)
    const content = html`<div class="page-head"><div><h1>Imports</h1>
<p class="lead">Files of facts, and what became of their rows.</p></div>
<div class="card-actions"><a class="button" href="/imports/new">Import a file</a></div></div>
<form class="filter" method="get" action="/imports">${select({ name: 'client', label: 'Client', any: 'Every client', chosen: query.client, values: clients })}<button>Show</button></form>
${imports.length === 0 ? empty('No file yet', 'Calls, payments, customers and all other facts can come in as CSV, JSON Lines or XLSX.') : importTable(context, imports)}
${olderLink(context, nextCursor)}`
    return layout(context, { title: 'Imports', place: '/imports', refreshSeconds: isBusy ? REFRESH_S : null }, content)
  },
})

function importTable(context: PageContext, imports: readonly ImportView[]): Html {
  const now = context.board.clock()
  return dataTable({
    caption: 'Imported files, newest first',
    columns: ['File', 'Client', 'State', 'Rows', 'When', 'By'],
    rows: imports.map(
      (
        each,
      ) => html`<tr><th scope="row" data-label="File"><a href="/imports/${each.id}">${each.fileName}</a><span class="quiet">${titleOf(each.kind)}${each.dryRun && ', tried only'}</span></th>
${cell('Client', each.clientId)}${cell('State', stateOf(each))}${cell('Rows', rowsOf(each))}
${cell('When', html`<time datetime="${each.createdAt}" title="${each.createdAt}">${formatDistance(each.createdAt, now)}</time>`)}${cell('By', each.requestedBy)}</tr>`,
    ),
  })
}

function stateOf({ state, progress, result }: ImportView): Html {
  if (state === 'running') return html`${badge('running')}${progress !== null && progressBar(progress)}`
  if (state === 'refused') return badge('failed', 'Nothing kept')
  if (state !== 'done' || result === null || result.rejected === 0) return badge(state)
  return badge('provisional', result.rejected === result.read ? 'All rejected' : 'Some rejected')
}

function rowsOf({ result }: ImportView): Renderable {
  if (result === null) return html`<span class="quiet">–</span>`
  const { read, rejected } = result
  return html`<span class="number">${count(read)}</span>${rejected > 0 && html` · <span class="error">${count(rejected)} rejected</span>`}`
}

function count(value: number): string {
  return value.toLocaleString('en')
}

export const importPage = definePage({
  path: '/imports/:id',
  ...place,
  params: importParams,
  query: z.strictObject({}),
  async render({ params }, context) {
    const view = await importInSight(context, params.id)
    const timeZone = await timeZoneOf(context.db, view.clientId)
    const isOpen = OPEN.includes(view.state)
    const content = html`${head(context, view)}${trouble(view)}${notes(view)}${view.result && outcome(context, view, view.result)}${facts(view, timeZone)}`
    return layout(
      context,
      { title: view.fileName, place: '/imports', refreshSeconds: isOpen ? REFRESH_S : null },
      content,
    )
  },
})

function head(context: PageContext, view: ImportView): Html {
  return html`<p class="crumbs"><a href="/imports">Imports</a></p>
<div class="page-head"><div><h1 class="file-name">${view.fileName}</h1>
<p class="lead">${titleOf(view.kind)} · ${view.clientId} ${stateOf(view)}</p></div>
<div class="card-actions">${runButton(context, view)}</div></div>`
}

function runButton(context: PageContext, { state, runId, finishedAt, fileName: about }: ImportView): Html | null {
  if (runId === null || finishedAt !== null) return null
  if (OPEN.includes(state)) return actionButton(context, { action: `/runs/${runId}/cancel`, label: 'Cancel', about })
  return actionButton(context, { action: `/runs/${runId}/retry`, label: 'Try again', about, look: 'primary' })
}

function trouble({ errorMessage, found, state }: ImportView): Html | null {
  if (errorMessage === null) return null
  const words = OPEN.includes(state) ? html`<strong>The last try failed; another follows.</strong> ` : null
  return html`<p class="problem">${words}${errorMessage}${found !== null && html` ${found}`}</p>`
}

function notes({ notes: all }: ImportView): Html[] {
  return all.map((note) => html`<p class="notice warn">${note}</p>`)
}

function outcome(context: PageContext, view: ImportView, result: StoredResult): Html {
  const tiles = [
    { words: 'rows read', count: result.read, tone: 'quiet' },
    { words: 'rejected', count: result.rejected, tone: result.rejected > 0 ? 'bad' : 'quiet' },
    { words: 'said the same twice', count: result.repeated, tone: 'quiet' },
    { words: 'left out by the mapping', count: result.unused, tone: 'quiet' },
  ]
  return html`<ul class="totals">${tiles.map(({ words, count: value, tone }) => html`<li class="tile ${tone}"><strong>${count(value)}</strong><span>${words}</span></li>`)}</ul>
${view.hasRejects && rejects(view, result)}${factTable(view, result)}${view.dryRun && view.finishedAt !== null && inEarnest(context, view, result)}`
}

function rejects({ id }: ImportView, { rejected }: StoredResult): Html {
  return html`<section class="card" aria-labelledby="rejects"><h2 id="rejects">${plural(rejected, 'row was', 'rows were')} not taken</h2>
<p>The file names the row, the column and the reason of each, with the row as it stood. Correct them, and import that file.</p>
<div class="card-actions"><a class="button" href="/api/imports/${id}/rejects">${icon('download')} Rejects as CSV</a></div></section>`
}

function factTable({ dryRun }: ImportView, { tallies }: StoredResult): Html | null {
  if (tallies.length === 0) return null
  const title = dryRun ? 'What would become of the facts' : 'What became of the facts'
  const rows = tallies.map(
    ({ kind, inserted, updated, unchanged }) =>
      html`<tr><th scope="row" data-label="Facts">${titleOf(kind)}</th>${[
        ['New', inserted] as const,
        ['Changed', updated] as const,
        ['Unchanged', unchanged] as const,
      ].map(([label, value]) => cell(label, count(value), 'number'))}</tr>`,
  )
  return html`<section aria-labelledby="facts"><h2 id="facts">${title}</h2>
${dataTable({ caption: title, columns: ['Facts', 'New', 'Changed', 'Unchanged'], rows })}</section>`
}

function inEarnest(context: PageContext, { id, fileName }: ImportView, { read, rejected }: StoredResult): Html {
  if (rejected === read) return html`<p class="notice warn">No row was good, so there is nothing to import.</p>`
  return html`<section class="card" aria-labelledby="earnest"><h2 id="earnest">Nothing was written yet</h2>
<p>This was a trial. The same file can be imported in earnest.</p>
<div class="card-actions">${actionButton(context, { action: `/imports/${id}/import`, label: 'Import it', about: fileName, look: 'primary' })}</div></section>`
}

function facts(view: ImportView, zone: string): Html {
  const rows: [string, Renderable][] = [
    [
      'Mapping',
      view.mapping === 'own' ? 'Sent with the file' : (view.mapping ?? 'None: columns are named as the table’s'),
    ],
    ['Format', view.format],
    ['Sheet', view.sheet],
    ['Row of the header', view.headerRow],
    ['Bad rows', view.strict ? 'Nothing is kept when one is bad' : 'Cost no good one'],
    ['Size', formatBytes(view.sizeBytes)],
    ['SHA-256', html`<code class="hash">${view.sha256}</code>`],
    ['Asked for by', view.requestedBy],
    ['Sent', formatInstant(view.createdAt, zone)],
    ['Done', view.finishedAt && formatInstant(view.finishedAt, zone)],
    ['Run', view.runId && html`<a href="/runs/${view.runId}">its tries and log</a>`],
  ]
  const shown = rows.filter(([, value]) => value !== null)
  return html`<dl class="facts">${shown.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

export const importInEarnestForm = defineForm({
  path: '/imports/:id/import',
  ...place,
  params: importParams,
  fields: z.strictObject({ back: ownAddress }),
  async submit({ params }, context) {
    const { view, audit } = await importInEarnest(context, params.id)
    return { audit, location: `/imports/${view.id}?notice=${audit ? 'import-started' : 'import-known'}` }
  },
})
