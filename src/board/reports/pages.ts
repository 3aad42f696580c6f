import { z } from 'zod'
import { type Html, html, type Renderable } from '../../html.ts'
import { VALUE_TYPES } from '../../reports/document.ts'
import { createFormatter } from '../../reports/render/value/format-value.ts'
import { addDays } from '../../time.ts'
import { uuid } from '../http/address.ts'
import { clientOptions } from '../http/clients.ts'
import { definePage, type PageContext } from '../http/page.ts'
import { notFound } from '../http/problem.ts'
import { formatBytes, formatDistance, formatInstant, formatWindow, titleOf } from '../ui/format.ts'
import { icon } from '../ui/icons.ts'
import { layout } from '../ui/layout.ts'
import { badge, cell, dataTable, empty, olderLink, select } from '../ui/parts.ts'
import { deliveryWords, fileLink } from '../ui/run-parts.ts'
import { executionFilter, executionState } from './endpoints.ts'
import {
  DELIVERIES_MAX,
  type DeliveryView,
  deliveriesOf,
  type ExecutionView,
  findExecution,
  listExecutions,
} from './read-executions.ts'

export const reportsPage = definePage({
  path: '/reports',
  role: 'reports',
  scope: 'client',
  params: z.strictObject({}),
  query: executionFilter,
  async render({ query }, context) {
    const { executions, nextCursor } = await listExecutions(context.db, query)
    const busy = executions.some(({ state }) => state === 'running' || state === 'pending')
    const content = html`<div class="page-head"><h1>Reports</h1></div>
${await filterForm(query, context)}
${executions.length === 0 ? empty('No report fits', 'Reports appear here as soon as the night renders them.') : executionTable(executions, context)}
${olderLink(context, nextCursor)}`
    return layout(
      context,
      { title: 'Reports', place: '/reports', refreshSeconds: busy && query.cursor === undefined ? 5 : null },
      content,
    )
  },
})

async function filterForm(query: z.output<typeof executionFilter>, { db }: PageContext): Promise<Html> {
  const reports = await db.selectFrom('executions').select('report').distinct().orderBy('report').limit(100).execute()
  return html`<form class="filter" method="get" action="/reports">
${select({ name: 'client', label: 'Client', any: 'Every client', chosen: query.client, values: await clientOptions(db) })}
${select({ name: 'report', label: 'Report', any: 'Every report', chosen: query.report, values: reports.map(({ report }) => ({ value: report, label: titleOf(report) })) })}
${select({ name: 'state', label: 'State', any: 'Every state', chosen: query.state, values: executionState.options.map((state) => ({ value: state, label: titleOf(state) })) })}
<button>Show</button></form>`
}

function executionTable(executions: readonly ExecutionView[], { board }: PageContext): Html {
  const now = board.clock()
  return dataTable({
    caption: 'Reports, newest first',
    columns: ['Report', 'Client', 'State', 'Made', 'Files', 'By mail'],
    rows: executions.map(
      (
        each,
      ) => html`<tr><th scope="row" data-label="Report"><a href="/reports/${each.id}">${titleOf(each.report)}</a><span class="quiet">${formatWindow(each.from, each.to)}</span></th>
${cell('Client', each.clientName)}${cell('State', html`${badge(each.state)}${each.provisional && badge('provisional')}${each.errorMessage !== null && html`<p class="error">${each.errorMessage.slice(0, 160)}</p>`}`)}
${cell('Made', html`<time datetime="${each.createdAt}" title="${each.createdAt}">${formatDistance(each.createdAt, now)}</time>`)}
${cell('Files', each.files.length === 0 ? '–' : each.files.map(({ format }) => fileLink(each.id, format)), 'files')}
${cell('By mail', Object.keys(each.deliveries).length === 0 ? 'To nobody' : deliveryWords(each.deliveries))}</tr>`,
    ),
  })
}

export const reportPage = definePage({
  path: '/reports/:id',
  role: 'reports',
  scope: 'client',
  params: z.strictObject({ id: uuid }),
  query: z.strictObject({}),
  async render({ params }, context) {
    const execution = await findExecution(context.db, params.id)
    if (!execution) throw notFound(`There is no report ${params.id}.`)
    const deliveries = await deliveriesOf(context.db, execution)
    const title = `${titleOf(execution.report)}, ${formatWindow(execution.from, execution.to)}`
    const open = execution.state === 'pending' || execution.state === 'running'
    const content = html`<p class="crumbs"><a href="/reports">Reports</a></p>
<div class="page-head"><div><h1>${titleOf(execution.report)}</h1>
<p class="lead">${formatWindow(execution.from, execution.to)} · ${execution.clientName} ${badge(execution.state)}${execution.provisional && badge('provisional')}</p></div></div>
${execution.errorMessage !== null && html`<p class="problem">${execution.errorMessage}</p>`}
${headline(execution)}${facts(execution)}${files(execution)}${deliveryTable(deliveries, execution)}`
    return layout(context, { title, place: '/reports', refreshSeconds: open ? 3 : null }, content)
  },
})

const figures = z.array(
  z.looseObject({
    label: z.string(),
    value: z.union([z.string(), z.number(), z.null()]),
    type: z.enum(VALUE_TYPES),
    digits: z.number().optional(),
    currency: z.string().optional(),
  }),
)

/** The figures people look at first, as every format of the report shows them. */
function headline(execution: ExecutionView): Html | null {
  const { success, data } = figures.safeParse(execution.figures)
  if (!success || data.length === 0) return null
  const formatter = createFormatter(execution)
  return html`<ul class="totals" aria-label="Figures">${data.map(
    ({ label, value, type, digits, currency }) =>
      html`<li class="tile quiet"><strong>${formatter.value(value, { type, ...(digits === undefined ? {} : { digits }), ...(currency === undefined ? {} : { currency }) })}</strong> <span>${label}</span></li>`,
  )}</ul>`
}

function facts(execution: ExecutionView): Html {
  const { timeZone: zone } = execution
  const rows: [string, Renderable][] = [
    ['Period', `${execution.from} to ${addDays(execution.to, -1)}, ${zone}`],
    ['Currency', execution.currency],
    ['Data as of', execution.dataAsOf === null ? 'Nothing was rolled up' : formatInstant(execution.dataAsOf, zone)],
    ['Made', formatInstant(execution.finishedAt ?? execution.createdAt, zone)],
    ['Execution', html`<a href="/runs/${execution.id}"><code>${execution.id}</code></a>`],
  ]
  return html`${execution.provisional && html`<p class="notice warn">${icon('late')} Some days of the period were not rolled up when this was made. It says so itself; ask for it again once they are.</p>`}
<dl class="facts">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

const FORMAT_WORDS: Record<string, string> = {
  pdf: 'to read and print',
  xlsx: 'to work in',
  csv: 'for other programs',
  html: 'to read on a screen',
  json: 'for programs',
}

function files({ id, files: all }: ExecutionView): Html {
  if (all.length === 0) return html`<section><h2>Files</h2><p class="quiet">There are none yet.</p></section>`
  return html`<section aria-labelledby="files"><h2 id="files">Files</h2><ul class="file-list">${all.map(
    ({
      format,
      fileName,
      sizeBytes,
      sha256,
    }) => html`<li><a class="download" href="/files/${id}/${format}">${icon('download')}<strong>${format.toUpperCase()}</strong> <span>${FORMAT_WORDS[format]}</span></a>
<span class="quiet">${fileName}, ${formatBytes(sizeBytes)}</span>
${(format === 'pdf' || format === 'html') && html`<a href="/files/${id}/${format}?show=inline">Open</a>`}
<details><summary>Checksum</summary><code>SHA-256 ${sha256}</code></details></li>`,
  )}</ul></section>`
}

function answerOf({ reply, lateMessageId, lateSentAt }: DeliveryView, timeZone: string): string {
  const answer = reply ?? '–'
  if (lateSentAt === null) return answer
  return `${answer}. An earlier mail (${lateMessageId}) was taken too, which was known at ${formatInstant(lateSentAt, timeZone)}: it came twice.`
}

function deliveryTable(deliveries: readonly DeliveryView[], { timeZone }: ExecutionView): Html {
  return html`<section aria-labelledby="mail"><h2 id="mail">By mail</h2>${
    deliveries.length === 0
      ? html`<p class="quiet">Nobody gets it by mail.</p>`
      : dataTable({
          caption: 'Deliveries',
          columns: ['To', 'Formats', 'State', 'Tries', 'Sent', 'Answer'],
          rows: deliveries.map(
            (
              each,
            ) => html`<tr><th scope="row" data-label="To">${each.address}</th>${cell('Formats', each.formats.join(', ').toUpperCase())}${cell('State', badge(each.state))}
${cell('Tries', each.tries, 'number')}${cell('Sent', each.sentAt === null ? '–' : formatInstant(each.sentAt, timeZone))}${cell('Answer', answerOf(each, timeZone), 'words')}</tr>`,
          ),
        })
  }${deliveries.length === DELIVERIES_MAX && html`<p class="hint">The first ${DELIVERIES_MAX} are shown.</p>`}</section>`
}
