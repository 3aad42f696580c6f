import { z } from 'zod'
import { type Html, html } from '../../html.ts'
import { RUN_STATES } from '../../run-state.ts'
import { addDays } from '../../time.ts'
import { day, page } from '../http/address.ts'
import { clientOptions } from '../http/clients.ts'
import type { PageContext } from '../http/page.ts'
import { formatDayShort, titleOf } from '../ui/format.ts'
import { select } from '../ui/parts.ts'
import { type filterInSight, runFilterFields } from './run-filter.ts'
import { RUN_ORIGINS } from './run-reply.ts'

const { to: _to, plannedFrom: _from, plannedTo: _before, ...shared } = runFilterFields

/** The search of the page of runs: as the API's, but people name the last day, programs the one after it. */
export const runSearchFields = {
  ...shared,
  last: day.optional(),
  plannedFirst: day.optional(),
  plannedLast: day.optional(),
}
export const runSearchQuery = z.strictObject({ ...runSearchFields, ...page })

const search = z.strictObject(runSearchFields)
export type RunSearch = z.output<typeof search>

export function filterOf({ last, plannedFirst, plannedLast, ...same }: RunSearch): Parameters<typeof filterInSight>[1] {
  const midnight = (text: string) => `${text}T00:00:00Z`
  return {
    ...same,
    to: last && addDays(last, 1),
    plannedFrom: plannedFirst && midnight(plannedFirst),
    plannedTo: plannedLast && midnight(addDays(plannedLast, 1)),
  }
}

/** The fields of a search that say something, as an address or a form carries them. */
export function fieldsOf(given: RunSearch): [name: string, value: string][] {
  return Object.keys(runSearchFields).flatMap((name) => {
    const value = given[name as keyof RunSearch]
    return value === undefined ? [] : [[name, String(value)]]
  })
}

/** `/runs?client=acme&state=failed`. */
export function addressOf(path: string, given: RunSearch, more: Record<string, string> = {}): string {
  const fields = new URLSearchParams([...Object.entries(more), ...fieldsOf(given)]).toString()
  return fields === '' ? path : `${path}?${fields}`
}

const NAMES: Record<keyof RunSearch, string> = {
  client: 'client',
  job: 'job',
  state: 'state',
  night: 'night of',
  from: 'about days from',
  last: 'about days up to',
  plannedFirst: 'planned from',
  plannedLast: 'planned up to',
  origin: 'asked for by',
  text: 'mentioning',
}

/** "client acme, state failed"; null when everything is meant. */
export function searchWords(given: RunSearch): Html | null {
  const words = fieldsOf(given).map(
    ([name, value], index) =>
      html`${index > 0 && ', '}${NAMES[name as keyof RunSearch]} <strong>${valueWords(name, value)}</strong>`,
  )
  return words.length === 0 ? null : html`${words}`
}

function valueWords(name: string, value: string): string {
  if (name === 'job' || name === 'origin') return titleOf(value)
  if (name === 'state') return value.split(',').join(' or ')
  return /^\d{4}-\d\d-\d\d$/.test(value) ? formatDayShort(value) : value
}

const STATE_CHOICES = [
  ...RUN_STATES.map((state) => ({ value: state, label: titleOf(state) })),
  { value: 'planned,queued,running', label: 'Open' },
  { value: 'failed,cancelled', label: 'Failed or cancelled' },
]

const ORIGIN_CHOICES = RUN_ORIGINS.map((origin) => ({ value: origin, label: titleOf(origin) }))

export async function searchForm(given: RunSearch, { board, db }: PageContext): Promise<Html> {
  const jobs = [...board.registry.keys()].map((name) => ({ value: name, label: titleOf(name) }))
  const { client, job, state, night, text, from, last, plannedFirst, plannedLast, origin } = given
  const isNarrow = [from, last, plannedFirst, plannedLast, origin].some((value) => value !== undefined)
  return html`<form class="filter" method="get" action="/runs" role="search">
<label class="wide">Search<input type="search" name="text" value="${text}" maxlength="200" placeholder="Key, error or id"></label>
${select({ name: 'client', label: 'Client', any: 'Every client', chosen: client, values: await clientOptions(db) })}
${select({ name: 'job', label: 'Job', any: 'Every job', chosen: job, values: jobs })}
${select({ name: 'state', label: 'State', any: 'Every state', chosen: state?.join(), values: STATE_CHOICES })}
${dayField('night', 'Night', night)}
<details id="narrow"${isNarrow && html` open`}><summary>More</summary><div class="filter">
${select({ name: 'origin', label: 'Asked for by', any: 'Anybody', chosen: origin, values: ORIGIN_CHOICES })}
${dayField('from', 'About days from', from)}${dayField('last', 'About days up to', last)}
${dayField('plannedFirst', 'Planned from (UTC)', plannedFirst)}${dayField('plannedLast', 'Planned up to', plannedLast)}
</div></details>
<button>Show</button></form>`
}

function dayField(name: string, label: string, value: string | undefined): Html {
  return html`<label>${label}<input type="date" name="${name}" value="${value}"></label>`
}
