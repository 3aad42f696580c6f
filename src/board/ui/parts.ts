import { type Html, html, type Renderable } from '../../html.ts'
import { mayUse } from '../../people/roles.ts'
import type { Context } from '../http/context.ts'
import type { PageContext } from '../http/page.ts'
import { type IconName, icon } from './icons.ts'

/** How each state of a run, an execution, a delivery or a night looks: never by colour alone. */
const STATES: Record<string, { words: string; icon: IconName; tone: Tone }> = {
  planned: { words: 'Waiting', icon: 'waiting', tone: 'quiet' },
  queued: { words: 'Queued', icon: 'waiting', tone: 'quiet' },
  running: { words: 'Running', icon: 'running', tone: 'busy' },
  succeeded: { words: 'Done', icon: 'done', tone: 'good' },
  failed: { words: 'Failed', icon: 'failed', tone: 'bad' },
  cancelled: { words: 'Cancelled', icon: 'stopped', tone: 'quiet' },
  retrying: { words: 'Trying again', icon: 'retry', tone: 'warn' },
  cancelling: { words: 'Stopping', icon: 'stopped', tone: 'warn' },
  blocked: { words: 'Blocked', icon: 'stopped', tone: 'warn' },
  late: { words: 'Late', icon: 'late', tone: 'warn' },
  pending: { words: 'Waiting', icon: 'waiting', tone: 'quiet' },
  completed: { words: 'Ready', icon: 'done', tone: 'good' },
  provisional: { words: 'Provisional', icon: 'late', tone: 'warn' },
  sending: { words: 'Sending', icon: 'running', tone: 'busy' },
  sent: { words: 'Sent', icon: 'done', tone: 'good' },
  unknown: { words: 'Unknown', icon: 'unknown', tone: 'warn' },
  unsubscribed: { words: 'Unsubscribed', icon: 'stopped', tone: 'quiet' },
  done: { words: 'Done', icon: 'done', tone: 'good' },
  waiting: { words: 'Waiting', icon: 'waiting', tone: 'quiet' },
  stopped: { words: 'Cancelled in part', icon: 'stopped', tone: 'quiet' },
  nothing: { words: 'Nothing ran', icon: 'waiting', tone: 'quiet' },
  retried: { words: 'Failed, tried again', icon: 'retry', tone: 'warn' },
  'given-back': { words: 'Given back', icon: 'back', tone: 'quiet' },
  lost: { words: 'Lost', icon: 'unknown', tone: 'warn' },
  crashed: { words: 'Crashed', icon: 'failed', tone: 'bad' },
  going: { words: 'In progress', icon: 'running', tone: 'busy' },
  paused: { words: 'Paused', icon: 'stopped', tone: 'warn' },
  begun: { words: 'Begun', icon: 'unknown', tone: 'warn' },
  refused: { words: 'Refused', icon: 'stopped', tone: 'warn' },
  edited: { words: 'Edited', icon: 'unknown', tone: 'quiet' },
}

type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'quiet'

/** A state as a picture and a word; `words` replaces the usual one. */
export function badge(state: string, words?: string): Html {
  const look = STATES[state] ?? { words: state, icon: 'unknown', tone: 'quiet' }
  return html`<span class="badge ${look.tone}">${icon(look.icon)}${words ?? look.words}</span>`
}

export function toneOf(state: string): Tone {
  return STATES[state]?.tone ?? 'quiet'
}

export function isOperator({ identity }: Context): boolean {
  return identity.role !== null && mayUse(identity.role, 'operator')
}

/**
 * A button that changes something and comes back to where it was pressed. `about` tells screen readers which of many it
 * is.
 */
export function actionButton(
  context: PageContext,
  button: {
    action: string
    label: string
    about: string
    look?: 'primary' | 'plain' | 'ghost'
    fields?: Record<string, string>
  },
): Html {
  const { action, label, about, look = 'plain', fields = {} } = button
  const hidden = { csrf: context.identity.csrfToken ?? '', back: context.here, ...fields }
  return html`<form class="action" method="post" action="${action}">${Object.entries(hidden).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )}<button class="${look}">${label}<span class="for-readers"> ${about}</span></button></form>`
}

/** A cell that says what it is when the table becomes cards on a phone. */
export function cell(label: string, content: Renderable, className = ''): Html {
  return html`<td data-label="${label}"${className !== '' && html` class="${className}"`}>${content}</td>`
}

export function dataTable(options: {
  caption: string
  columns: readonly string[]
  rows: readonly Html[]
  className?: string
}): Html {
  const { caption, columns, rows, className = '' } = options
  return html`<div class="table-frame" role="region" aria-label="${caption}" tabindex="0"><table class="cards ${className}">
<caption class="for-readers">${caption}</caption>
<thead><tr>${columns.map((name) => (name === '' ? html`<td></td>` : html`<th scope="col">${name}</th>`))}</tr></thead>
<tbody>${rows}</tbody></table></div>`
}

export function empty(title: string, words: Renderable): Html {
  return html`<div class="empty">${icon('sun')}<p><strong>${title}</strong></p><p>${words}</p></div>`
}

/** A link to the page of a list that follows. */
export function olderLink(context: PageContext, nextCursor: string | null, label = 'Older'): Html | null {
  if (nextCursor === null) return null
  const url = new URL(context.here, 'http://board')
  url.searchParams.set('cursor', nextCursor)
  return html`<p class="pager"><a class="button" href="${url.pathname + url.search}">${label} ${icon('forward')}</a></p>`
}

/** One choice of a filter. */
export function select(options: {
  name: string
  label: string
  any: string
  chosen: string | undefined
  values: readonly { value: string; label: string }[]
}): Html {
  const { name, label, any, chosen, values } = options
  return html`<label>${label}<select name="${name}"><option value="">${any}</option>${values.map(
    ({ value, label: words }) => html`<option value="${value}"${value === chosen && html` selected`}>${words}</option>`,
  )}</select></label>`
}
