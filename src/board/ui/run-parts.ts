import { type Html, html } from '../../html.ts'
import { isOpen, isUnsuccessful, type RunState } from '../../run-state.ts'
import type { PageContext } from '../http/page.ts'
import { titleOf } from './format.ts'
import { actionButton } from './parts.ts'

/** What the buttons and the badge of a run are read off. */
export type ShownRun = {
  id: string
  job: string
  state: RunState
  failures: number
  cancelRequested: boolean
  waitsFor: readonly { state: RunState | null }[]
}

/** What a person would say of a run: more than its state in the ledger. */
export function livelyState(run: Omit<ShownRun, 'id' | 'job'>): string {
  if (run.state === 'running' && run.cancelRequested) return 'cancelling'
  if (run.state !== 'planned') return run.state
  if (run.waitsFor.some(({ state }) => state !== null && isUnsuccessful(state))) return 'blocked'
  return run.failures > 0 ? 'retrying' : 'planned'
}

/** The buttons of one run: what the ledger will let it do. */
export function runActions(context: PageContext, run: ShownRun): Html {
  const about = titleOf(run.job)
  const blocked = livelyState(run) === 'blocked'
  const may = {
    retry: isUnsuccessful(run.state) || blocked,
    cancel: isOpen(run.state) && !run.cancelRequested,
    again: run.state === 'succeeded',
  }
  return html`${may.retry && actionButton(context, { action: `/runs/${run.id}/retry`, label: blocked ? 'Retry what failed' : 'Retry', about, look: 'primary' })}
${may.cancel && actionButton(context, { action: `/runs/${run.id}/cancel`, label: 'Cancel', about })}
${may.again && actionButton(context, { action: `/runs/${run.id}/again`, label: 'Run again', about, look: 'ghost' })}`
}

export function progressBar(share: number): Html {
  const percent = Math.round(share * 100)
  return html`<progress max="100" value="${percent}" aria-label="Progress">${percent} %</progress>`
}

export function fileLink(executionId: string, format: string): Html {
  return html`<a class="file" href="/files/${executionId}/${format}">${format.toUpperCase()}</a> `
}

/** "3 sent, 1 failed." */
export function deliveryWords(deliveries: Record<string, number>): Html {
  const words = Object.entries(deliveries).map(([state, count]) => `${count} ${DELIVERY_WORDS[state] ?? state}`)
  const bad = (deliveries['failed'] ?? 0) + (deliveries['unknown'] ?? 0) > 0
  return html`<span class="${bad ? 'error' : ''}">${words.join(', ')}</span>`
}

const DELIVERY_WORDS: Record<string, string> = {
  pending: 'to be sent',
  sending: 'being sent',
  sent: 'sent',
  failed: 'not sent',
  unknown: 'may not have arrived',
  unsubscribed: 'unsubscribed',
}
