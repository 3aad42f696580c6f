import { type Html, html, type Renderable } from '../../html.ts'
import type { Registry } from '../../queues/index.ts'
import { isOpen } from '../../run-state.ts'
import type { Day } from '../../time.ts'
import type { PageContext } from '../http/page.ts'
import { formatDuration, formatTime, plural, titleOf } from '../ui/format.ts'
import { actionButton, badge, cell, dataTable, isOperator } from '../ui/parts.ts'
import { deliveryWords, fileLink, livelyState, progressBar, runActions } from '../ui/run-parts.ts'
import { nightTimeline } from './night-timeline.ts'
import { type ClientNight, NIGHT_RUNS_MAX, type NightRun } from './read-night.ts'

/** Runs of one job shown one by one; of more, those that need a person, and how many there are. */
const SAME_JOB_MAX = 6

/** One client's night: its state, a picture of when what ran, and every run. */
export function nightCard(context: PageContext, night: ClientNight, runs: readonly NightRun[]): Html {
  return html`<section class="card" aria-labelledby="client-${night.id}">
<div class="card-head"><div><div class="card-title"><h2 id="client-${night.id}">${night.name}</h2>${badge(night.state)}${
    night.late &&
    badge('late', night.lateRuns > 0 ? `Late: ${plural(night.lateRuns, 'run')}` : 'Late: not done by 06:00')
  }</div>
<p class="quiet">${subtitle(night)}</p></div>
${isOperator(context) && html`<div class="card-actions">${actionsOf(context, night)}</div>`}</div>
${runs.length === 0 ? nothingRan(night) : html`${nightTimeline(night, runs)}${runTable(context, night, runs)}`}
</section>`
}

function subtitle({ day, timeZone, beganAt, endedAt, open }: ClientNight): string {
  if (beganAt === null) return `${day} · ${timeZone}`
  const began = formatTime(beganAt, timeZone)
  if (open > 0 || endedAt === null) return `${day} · began ${began}, ${timeZone}`
  const took = Temporal.Instant.from(endedAt).since(beganAt).total('milliseconds')
  return `${day} · began ${began}, took ${formatDuration(took)}, ${timeZone}`
}

function actionsOf(context: PageContext, night: ClientNight): Html {
  const about = `for ${night.name}, ${night.day}`
  const fields = { client: night.id, day: night.day }
  const retry = { action: '/nights/retry', label: `Retry ${plural(night.failed, 'failed run')}`, about, fields }
  const run = { action: '/nights/run', label: 'Run now', about, fields }
  return html`${night.failed > 0 && actionButton(context, { ...retry, look: 'primary' })}
${night.open === 0 && night.failed === 0 && actionButton(context, run)}`
}

function nothingRan({ day }: ClientNight): Html {
  return html`<p class="hint">No run for ${day} is on record.</p>`
}

function runTable(context: PageContext, night: ClientNight, runs: readonly NightRun[]): Html {
  const { shown, folded } = fold(runs)
  const more = night.total - runs.length
  const list = `/runs?client=${night.id}&night=${night.day}`
  return html`${dataTable({
    caption: `Runs for ${night.name}`,
    columns: ['Run', 'State', 'Start', 'Duration', 'Tries', 'What happened', ...(isOperator(context) ? [''] : [])],
    rows: shown.map((run) => runRow(context, night, run)),
    className: 'runs',
  })}
${folded.map(({ job, count }) => html`<p class="hint"><a href="${list}&job=${job}">${titleOf(job)}: ${count} more that need nobody</a></p>`)}
${more > 0 && html`<p class="hint"><a href="${list}">${more} more runs</a> (${NIGHT_RUNS_MAX} are shown)</p>`}`
}

function fold(runs: readonly NightRun[]): { shown: NightRun[]; folded: { job: string; count: number }[] } {
  const crowded = [...Map.groupBy(runs, (run) => run.job)].filter(([, same]) => same.length > SAME_JOB_MAX)
  const quiet = new Set(
    crowded.flatMap(([, same]) =>
      same
        .filter(({ state }) => state === 'succeeded')
        .slice(SAME_JOB_MAX)
        .map(({ id }) => id),
    ),
  )
  const folded = crowded.map(([job, same]) => ({ job, count: same.filter(({ id }) => quiet.has(id)).length }))
  return { shown: runs.filter(({ id }) => !quiet.has(id)), folded: folded.filter(({ count }) => count > 0) }
}

function runRow(context: PageContext, night: ClientNight, run: NightRun): Html {
  const { timeZone, day } = night
  const morning = nextDay(day)
  const started = run.startedAt === null ? '–' : formatTime(run.startedAt, timeZone, morning)
  return html`<tr class="state-${run.state}">
<th scope="row" data-label="Run"><a href="/runs/${run.id}">${titleOf(run.job)}</a>${subjectOf(run, night)}</th>
${cell('State', stateOf(run, context))}${cell('Start', started, 'number')}${cell('Duration', durationOf(context, run), 'number')}
${cell('Tries', triesOf(run, context.board.registry), 'number')}${cell('What happened', happened(run, night), 'words')}
${isOperator(context) && cell('', runActions(context, run), 'actions')}</tr>`
}

function nextDay(day: Day): Day {
  return Temporal.PlainDate.from(day).add({ days: 1 }).toString()
}

/** What tells this run from others of its job: the key without the client and the day, which the card says already. */
function subjectOf(run: NightRun, { id, day }: ClientNight): Html | null {
  if (run.report !== null) return html`<span class="quiet">${titleOf(run.report)}</span>`
  const rest = run.key
    .split('.')
    .filter((part) => part !== id && part !== day)
    .join(' ')
  return rest === '' ? null : html`<span class="quiet">${rest}</span>`
}

function stateOf(run: NightRun, { board }: PageContext): Html {
  const progress = run.state === 'running' && run.progress !== null && progressBar(run.progress)
  return html`${badge(livelyState(run))}${isLate(run, board.clock()) && html`<br>${badge('late')}`}${progress}`
}

function isLate({ state, lateAt }: NightRun, now: Temporal.Instant): boolean {
  return lateAt !== null && isOpen(state) && Temporal.Instant.compare(lateAt, now) <= 0
}

function durationOf({ board }: PageContext, { startedAt, finishedAt, state }: NightRun): string {
  if (startedAt === null) return '–'
  const end = finishedAt === null ? (state === 'running' ? board.clock() : null) : Temporal.Instant.from(finishedAt)
  return end === null ? '–' : formatDuration(Math.max(0, end.since(startedAt).total('milliseconds')))
}

function triesOf(run: NightRun, registry: Registry): string {
  const allowed = registry.get(run.job)?.retry.attempts
  return run.failures > 0 && allowed !== undefined ? `${run.attempt} of ${allowed}` : String(run.attempt)
}

function happened(run: NightRun, { timeZone }: ClientNight): Renderable {
  const lines: Html[] = []
  if (run.errorMessage !== null && run.state !== 'succeeded') lines.push(errorWords(run))
  if (run.state === 'planned' && run.failures > 0) {
    lines.push(html`<p>Tries again at ${formatTime(run.notBefore, timeZone)}.</p>`)
  }
  if (run.waitsFor.length > 0 && run.state === 'planned') lines.push(html`<p>${waitsFor(run)}</p>`)
  if (run.formats.length > 0) lines.push(files(run))
  if (Object.keys(run.deliveries).length > 0) lines.push(html`<p>${deliveryWords(run.deliveries)}</p>`)
  return lines
}

function errorWords({ errorMessage, errorCode, id }: NightRun): Html {
  const words = errorMessage ?? ''
  const cut = words.length > 400 ? html`${words.slice(0, 400)}… <a href="/runs/${id}">all of it</a>` : words
  return html`<p class="error">${cut}${errorCode !== null && html` <code>${errorCode}</code>`}</p>`
}

/** "Waits for Roll up day, Refresh tiers and 3 more." */
function waitsFor({ waitsFor: needed }: Pick<NightRun, 'waitsFor'>): Html {
  const shown = needed.slice(0, 2).map(({ job, runId, state }) => {
    const words = `${titleOf(job)}${state === 'failed' ? ', which failed' : state === 'cancelled' ? ', which was cancelled' : ''}`
    return runId === null ? html`${words}` : html`<a href="/runs/${runId}">${words}</a>`
  })
  const rest = needed.length - shown.length
  return html`Waits for ${shown.map((each, index) => html`${index > 0 && '; '}${each}`)}${rest > 0 && ` and ${rest} more`}.`
}

function files({ id, formats }: NightRun): Html {
  return html`<p class="files">${formats.map((format) => fileLink(id, format))} <a href="/reports/${id}">Report</a></p>`
}
