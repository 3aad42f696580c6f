import { z } from 'zod'
import { type Html, html } from '../../html.ts'
import type { BackfillView } from '../../queues/index.ts'
import { addDays } from '../../time.ts'
import { clientOptions } from '../http/clients.ts'
import { defineForm, definePage, ownAddress, type PageContext, saying } from '../http/page.ts'
import { formatDistance, formatDuration, formatWindow, plural, titleOf } from '../ui/format.ts'
import { layout } from '../ui/layout.ts'
import { actionButton, badge, cell, dataTable, empty, isOperator, olderLink, select } from '../ui/parts.ts'
import { backfillFilter, backfillParams } from './endpoints.ts'
import { FAILED_MAX, type FailedRun, failedRunsOf } from './read-backfills.ts'
import { backfillInSight, backfillsInSight, cancelBackfill } from './request-backfill.ts'

const REFRESH_S = 3
const GOING = ['running', 'cancelling']

export const backfillsPage = definePage({
  path: '/backfills',
  role: 'viewer',
  scope: 'client',
  params: z.strictObject({}),
  query: backfillFilter,
  async render({ query }, context) {
    const { backfills, nextCursor } = await backfillsInSight(context, query)
    const isBusy = query.cursor === undefined && backfills.some(({ state }) => GOING.includes(state))
    const clients = await clientOptions(context.db)
    const content = html`<div class="page-head"><div><h1>Backfills</h1>
<p class="lead">Past days, worked through behind the nights.</p></div>
${isOperator(context) && html`<div class="card-actions"><a class="button" href="/backfills/new">New backfill</a></div>`}</div>
<form class="filter" method="get" action="/backfills">${select({ name: 'client', label: 'Client', any: 'Every client', chosen: query.client, values: clients })}<button>Show</button></form>
${backfills.length === 0 ? empty('No backfill yet', 'One runs a job again, or for the first time, for a range of past days.') : backfillTable(context, backfills)}
${olderLink(context, nextCursor)}`
    return layout(
      context,
      { title: 'Backfills', place: '/backfills', refreshSeconds: isBusy ? REFRESH_S : null },
      content,
    )
  },
})

function backfillTable(context: PageContext, backfills: readonly BackfillView[]): Html {
  const now = context.board.clock()
  return dataTable({
    caption: 'Backfills, newest first',
    columns: ['What', 'Client', 'State', 'Progress', 'Begun', 'By', ...(isOperator(context) ? [''] : [])],
    rows: backfills.map(
      (
        each,
      ) => html`<tr><th scope="row" data-label="What"><a href="/backfills/${each.id}">${titleOf(each.job)}</a><span class="quiet">${formatWindow(each.from, each.to)}</span></th>
${cell('Client', each.clientId)}${cell('State', stateBadge(each))}${cell('Progress', progressOf(each))}
${cell('Begun', html`<time datetime="${each.createdAt}" title="${each.createdAt}">${formatDistance(each.createdAt, now)}</time>`)}
${cell('By', each.requestedBy)}${isOperator(context) && cell('', cancelButton(context, each, 'ghost'), 'actions')}</tr>`,
    ),
  })
}

function stateBadge({ state }: BackfillView): Html {
  return badge(state === 'running' ? 'going' : state)
}

/** Never full before its end. */
function progressOf({ share, runs }: BackfillView): Html {
  const percent = Math.floor(share * 100)
  const ended = runs.succeeded + runs.failed + runs.cancelled
  if (runs.total === 0) return html`<span class="quiet">Nothing to do</span>`
  return html`<span class="number">${ended} of ${runs.total}</span>${runs.failed > 0 && html` · <span class="error">${runs.failed} failed</span>`}${runs.cancelled > 0 && ` · ${runs.cancelled} cancelled`}
<progress max="100" value="${percent}" aria-label="Progress">${percent} %</progress>`
}

function cancelButton(
  context: PageContext,
  { id, job, clientId, state }: BackfillView,
  look: 'plain' | 'ghost',
): Html | null {
  if (state !== 'running' && state !== 'blocked') return null
  const about = `${titleOf(job)} for ${clientId}`
  return actionButton(context, { action: `/backfills/${id}/cancel`, label: 'Cancel', about, look })
}

export const backfillPage = definePage({
  path: '/backfills/:id',
  role: 'viewer',
  scope: 'client',
  params: backfillParams,
  query: z.strictObject({}),
  async render({ params }, context) {
    const backfill = await backfillInSight(context, params.id)
    const failed = await failedRunsOf(context.db, backfill.id)
    const title = `${titleOf(backfill.job)}, ${formatWindow(backfill.from, backfill.to)}`
    const content = html`<p class="crumbs"><a href="/backfills">Backfills</a></p>
<div class="page-head"><div><h1>${titleOf(backfill.job)}</h1>
<p class="lead">${formatWindow(backfill.from, backfill.to)} · ${backfill.clientId} ${stateBadge(backfill)}</p></div>
${isOperator(context) && html`<div class="card-actions">${cancelButton(context, backfill, 'plain')}</div>`}</div>
${blockedWords(backfill)}${totals(backfill)}${facts(context, backfill)}${failedTable(backfill, failed)}`
    const refreshSeconds = GOING.includes(backfill.state) ? REFRESH_S : null
    return layout(context, { title, place: '/backfills', refreshSeconds }, content)
  },
})

function blockedWords({ runs, reprocess }: BackfillView): Html | null {
  if (runs.blocked === 0) return null
  const what = `${plural(runs.blocked, 'run waits', 'runs wait')} for one that failed.`
  const how = reprocess === 'none' ? ' A new backfill that runs failed windows again runs those too.' : ''
  return html`<p class="problem">${what} Retry what failed, or cancel.${how}</p>`
}

function totals({ runs, share }: BackfillView): Html {
  const percent = Math.floor(share * 100)
  const tiles = [
    { words: 'waiting', count: runs.planned + runs.queued, tone: 'quiet' },
    { words: 'at work', count: runs.running, tone: runs.running > 0 ? 'busy' : 'quiet' },
    { words: 'done', count: runs.succeeded, tone: runs.succeeded > 0 ? 'good' : 'quiet' },
    { words: 'failed', count: runs.failed, tone: runs.failed > 0 ? 'bad' : 'quiet' },
    { words: 'cancelled', count: runs.cancelled, tone: 'quiet' },
  ]
  return html`<section class="card" aria-labelledby="how-far"><h2 id="how-far">${runs.total === 0 ? 'Nothing to do' : `${percent} % of ${plural(runs.total, 'run')}`}</h2>
<progress class="wide" max="100" value="${percent}" aria-label="Progress">${percent} %</progress></section>
<ul class="totals">${tiles.map(({ words, count, tone }) => html`<li class="tile ${tone}"><strong>${count}</strong><span>${words}</span></li>`)}</ul>`
}

const REPROCESS_WORDS = {
  none: 'Only windows that never ran',
  failed: 'Also windows that failed or were cancelled',
  all: 'Every window again',
}

function facts({ board }: PageContext, backfill: BackfillView): Html {
  const { createdAt, endedAt, scheduleId } = backfill
  const end = endedAt === null ? board.clock() : Temporal.Instant.from(endedAt)
  const took = formatDuration(Math.max(0, end.since(createdAt).total('milliseconds')))
  const rows: [string, string][] = [
    ['Days', `${backfill.from} to ${addDays(backfill.to, -1)}`],
    ['What ran before', REPROCESS_WORDS[backfill.reprocess]],
    ['Order', backfill.newestFirst ? 'Newest first' : 'Oldest first'],
    ['At once', plural(backfill.runsMax, 'run')],
    ...(scheduleId === null ? [] : [['Schedule', scheduleId] as [string, string]]),
    ['Asked for by', backfill.requestedBy],
    [endedAt === null ? 'So far' : 'Took', took],
  ]
  return html`<dl class="facts">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

function failedTable({ runs }: BackfillView, failed: readonly FailedRun[]): Html | null {
  if (failed.length === 0) return null
  const rows = failed.map(
    ({
      id,
      job,
      key,
      errorMessage,
    }) => html`<tr><th scope="row" data-label="Run"><a href="/runs/${id}">${titleOf(job)}</a><span class="quiet">${key}</span></th>
${cell('Why', html`<p class="error">${errorMessage?.slice(0, 300)}</p>`)}</tr>`,
  )
  return html`<section aria-labelledby="failed"><h2 id="failed">What failed</h2>
${dataTable({ caption: 'Runs that failed', columns: ['Run', 'Why'], rows })}
${runs.failed > FAILED_MAX && html`<p class="hint">The first ${FAILED_MAX} of ${runs.failed}.</p>`}</section>`
}

export const cancelBackfillForm = defineForm({
  path: '/backfills/:id/cancel',
  role: 'operator',
  scope: 'client',
  params: backfillParams,
  fields: z.strictObject({ back: ownAddress }),
  async submit({ params, fields }, context) {
    const { audit } = await cancelBackfill(context, params.id)
    return { audit, location: saying(fields.back, 'backfill-cancelled') }
  },
})
