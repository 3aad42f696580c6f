import { z } from 'zod'
import { type Html, html, type Renderable } from '../../html.ts'
import type { AttemptView, RunView } from '../../queues/index.ts'
import { isOpen } from '../../run-state.ts'
import { runParams } from '../http/address.ts'
import { timeZoneOf } from '../http/clients.ts'
import { definePage, type PageContext } from '../http/page.ts'
import { type ExecutionView, findExecution } from '../reports/index.ts'
import { formatDuration, formatInstant, formatTime, formatWindow, plural, titleOf } from '../ui/format.ts'
import { layout } from '../ui/layout.ts'
import { badge, isOperator } from '../ui/parts.ts'
import { deliveryWords, fileLink, livelyState, progressBar, runActions } from '../ui/run-parts.ts'
import { findRunInSight } from './endpoints.ts'

const REFRESH_S = 2

export const runPage = definePage({
  path: '/runs/:id',
  role: 'viewer',
  scope: 'client',
  params: runParams,
  query: z.strictObject({}),
  async render({ params }, context) {
    const run = await findRunInSight(context, params.id)
    const [timeZone, execution] = await Promise.all([
      timeZoneOf(context.db, run.clientId),
      findExecution(context.db, run.id),
    ])
    const open = isOpen(run.state)
    const content = html`${head(context, run)}${trouble(run)}${facts(run, timeZone)}${execution && report(execution)}
${attempts(context, run, timeZone)}
<section aria-labelledby="payload"><h2 id="payload">Payload</h2><pre>${JSON.stringify(run.payload, null, 2)}</pre></section>`
    return layout(
      context,
      { title: titleOf(run.job), place: '/runs', refreshSeconds: open ? REFRESH_S : null },
      content,
    )
  },
})

function livelyOf(run: RunView) {
  const waitsFor = run.waitsFor.filter(({ state }) => state !== 'succeeded')
  return { ...run, waitsFor, cancelRequested: run.cancelRequestedAt !== null }
}

function head(context: PageContext, run: RunView): Html {
  const lively = livelyOf(run)
  const back = run.night === null ? '/runs' : `/?day=${run.night}`
  return html`<p class="crumbs"><a href="${back}">${run.night === null ? 'Runs' : `The night of ${run.night}`}</a></p>
<div class="page-head"><div><h1>${titleOf(run.job)}</h1><p class="lead">${badge(livelyState(lively))}
${run.state === 'running' && run.progress !== null && progressBar(run.progress)} <code>${run.key}</code></p></div>
${isOperator(context) && html`<div class="card-actions">${runActions(context, lively)}</div>`}</div>`
}

function trouble(run: RunView): Html | null {
  if (run.errorMessage === null || run.state === 'succeeded') return null
  return html`<p class="problem">${run.errorMessage}${run.errorCode !== null && html` <code>${run.errorCode}</code>`}</p>`
}

function facts(run: RunView, zone: string): Html {
  const rows: [string, Renderable][] = [
    ['Client', run.clientId ?? 'The whole system'],
    ['About', run.window && formatWindow(run.window.from, run.window.to)],
    ['Part of', run.backfillId && html`<a href="/backfills/${run.backfillId}">a backfill</a>`],
    ['Asked for by', run.requestedBy ?? titleOf(run.origin)],
    ['Planned', formatInstant(run.plannedAt, zone)],
    ['Due', run.dueAt && formatInstant(run.dueAt, zone)],
    ['Late after', run.lateAt && formatInstant(run.lateAt, zone)],
    ['Next try', run.state === 'planned' && run.failures > 0 && formatTime(run.notBefore, zone)],
    ['Started', run.startedAt && formatInstant(run.startedAt, zone)],
    ['Ended', run.finishedAt && formatInstant(run.finishedAt, zone)],
    ['Node', run.node],
    ['Tries', `${run.attempt}, of which ${run.failures} failed and ${run.crashes} broke off`],
    ['Waits for', run.waitsFor.length > 0 && dependencies(run)],
  ]
  const shown = rows.filter(([, value]) => value !== null && value !== false)
  return html`<dl class="facts">${shown.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

/** Dependencies shown one by one. */
const NEEDED_MAX = 12

function dependencies({ waitsFor }: RunView): Html {
  const waitedForFirst = waitsFor.toSorted((a, b) => Number(a.state === 'succeeded') - Number(b.state === 'succeeded'))
  const rest = waitsFor.length - NEEDED_MAX
  return html`<ul class="bare">${waitedForFirst
    .slice(0, NEEDED_MAX)
    .map(
      ({ runId, job, key, state }) =>
        html`<li>${badge(state ?? 'nothing')} ${runId === null ? key : html`<a href="/runs/${runId}">${titleOf(job)} ${key}</a>`}</li>`,
    )}</ul>${rest > 0 && html`<p class="quiet">and ${plural(rest, 'more', 'more')}</p>`}`
}

function report(execution: ExecutionView): Html {
  return html`<section aria-labelledby="report"><h2 id="report">Report</h2>
<p><a href="/reports/${execution.id}">${titleOf(execution.report)}</a> ${badge(execution.state)}
${execution.files.map(({ format }) => fileLink(execution.id, format))} ${deliveryWords(execution.deliveries)}</p></section>`
}

function attempts(context: PageContext, run: RunView, zone: string): Html {
  const newestFirst = (run.attempts ?? []).toReversed()
  const earlier = run.attempt - newestFirst.length
  return html`<section aria-labelledby="tries"><h2 id="tries">Tries</h2>
${newestFirst.length === 0 && html`<p class="quiet">It has not been tried yet.</p>`}
${newestFirst.map((attempt, index) => attemptCard(context, attempt, { run, zone, isNewest: index === 0 }))}
${newestFirst.length > 0 && earlier > 0 && html`<p class="hint">${plural(earlier, 'earlier try is', 'earlier tries are')} not shown.</p>`}</section>`
}

type Shown = { run: RunView; zone: string; isNewest: boolean }

function attemptCard(context: PageContext, attempt: AttemptView, { run, zone, isNewest }: Shown): Html {
  const { startedAt, finishedAt, outcome, errorMessage, errorCode, errorStack, node } = attempt
  const end = finishedAt === null ? context.board.clock() : Temporal.Instant.from(finishedAt)
  const took = formatDuration(Math.max(0, end.since(startedAt).total('milliseconds')))
  const progress = outcome === null && run.progress !== null && progressBar(run.progress)
  return html`<article class="card"><div class="card-head"><h3>Try ${attempt.attempt}</h3><div class="card-state">${badge(outcome ?? 'running')}${progress}</div></div>
<p class="quiet">${formatInstant(startedAt, zone)} · ${finishedAt === null ? `${took} so far` : `took ${took}`} · on ${node}</p>
${errorMessage !== null && html`<p class="error">${errorMessage}${errorCode !== null && html` <code>${errorCode}</code>`}</p>`}
${errorStack !== null && isOperator(context) && html`<details id="stack-${attempt.attempt}"><summary>Where in the program</summary><pre>${errorStack}</pre></details>`}
${lines(attempt, zone, isNewest)}</article>`
}

/** Every line that was kept; the last one says when there were more. */
function lines({ lines: all, attempt }: AttemptView, zone: string, open: boolean): Html | null {
  if (all.length === 0) return null
  return html`<details id="lines-${attempt}"${open && html` open`}><summary>${plural(all.length, 'line')} of log</summary>
<ol class="log">${all.map(({ at, level, message }) => html`<li class="${level === 'error' || level === 'warn' ? 'error' : ''}"><time>${formatTime(instantOf(at), zone)}</time> ${message}</li>`)}</ol></details>`
}

/** Times inside JSON come as PostgreSQL writes them there. */
function instantOf(text: string): string {
  return Temporal.Instant.from(text).toString()
}
