import { z } from 'zod'
import { InputError } from '../../errors.ts'
import { type Html, html } from '../../html.ts'
import {
  BACKFILL_RUNS_DEFAULT,
  BACKFILL_RUNS_MAX,
  type BackfillCount,
  type FoundWindows,
  REPROCESS,
} from '../../queues/index.ts'
import { addDays } from '../../time.ts'
import { clientId, day } from '../http/address.ts'
import { clientOptions } from '../http/clients.ts'
import { defineForm, definePage, type PageContext } from '../http/page.ts'
import { HttpError } from '../http/problem.ts'
import { formatWindow, plural, titleOf } from '../ui/format.ts'
import { layout } from '../ui/layout.ts'
import { BACKFILL_JOB, BACKFILL_ORDERS } from './endpoints.ts'
import { namedSchedules } from './read-backfills.ts'
import { type BackfillWish, countBackfill, startBackfill } from './request-backfill.ts'

/** A job, or one schedule of it: `roll-up-day`, `render-report:<schedule>`. */
const what = z.string().regex(/^[a-z0-9][a-z0-9-]{0,99}(:.{1,200})?$/, 'must be a job, or a job and a schedule')

/** People name the last day, programs the one after it. */
const fields = z.object({
  client: clientId,
  what,
  first: day,
  last: day,
  reprocess: z.enum(REPROCESS),
  order: z.enum(BACKFILL_ORDERS),
  runsMax: z.coerce.number().int().min(1).max(BACKFILL_RUNS_MAX),
})
type Fields = z.output<typeof fields>
type Chosen = { [Name in keyof Fields]?: Fields[Name] | undefined }

function wishOf({ client, what, first, last, order, ...rest }: Fields): BackfillWish {
  const [job = '', ...schedule] = what.split(':')
  const scheduleId = schedule.length === 0 ? null : schedule.join(':')
  const days = { from: first, to: addDays(last, 1) }
  return { ...rest, ...days, clientId: client, job, scheduleId, newestFirst: order === 'newest-first' }
}

const place = { role: 'operator', scope: 'client', params: z.strictObject({}) } as const

/** What to fill, and once that is said, how much it is. Nothing is planned before somebody has seen the count. */
export const newBackfillPage = definePage({
  path: '/backfills/new',
  ...place,
  cost: 'dear',
  query: fields.partial(),
  async render({ query }, context) {
    const complete = fields.safeParse(query)
    const content = html`<p class="crumbs"><a href="/backfills">Backfills</a></p>
<div class="page-head"><div><h1>New backfill</h1>
<p class="lead">Runs a job for a range of past days, behind the nights. First it is counted; nothing runs before you say so.</p></div></div>
${complete.success && (await countCard(context, complete.data))}
${await choices(context, query)}`
    return layout(context, { title: 'New backfill', place: '/backfills' }, content)
  },
})

async function countCard(context: PageContext, chosen: Fields): Promise<Html> {
  try {
    return counted(context, chosen, await countBackfill(context, wishOf(chosen)))
  } catch (error) {
    if (error instanceof InputError || error instanceof HttpError) return html`<p class="problem">${error.message}</p>`
    throw error
  }
}

function counted({ identity }: PageContext, chosen: Fields, count: BackfillCount): Html {
  const runs = count.fresh + count.again
  const rows: [string, number][] = [
    ['never ran, and would run', count.fresh],
    ['ran before, and would run again', count.again],
    ['ran before, and are left as they are', count.left],
    ['are in progress already, and are not planned twice', count.open],
  ]
  const hidden = Object.entries({ csrf: identity.csrfToken ?? '', ...chosen })
  return html`<section class="card backfill-count" aria-labelledby="count"><h2 id="count">${headingOf(count)}</h2>
<p>${titleOf(chosen.what.split(':')[0] ?? '')} for ${chosen.client}: of ${plural(count.windows, 'window')},</p>
<ul>${rows.map(([words, number]) => html`<li><strong class="number">${number}</strong> ${words}</li>`)}</ul>
${count.dependencies > 0 && html`<p>${plural(count.dependencies, 'run')} they depend on would run first.</p>`}
${count.first && count.last && html`<p>The oldest is of ${formatWindow(count.first.from, count.first.to)}, the newest of ${formatWindow(count.last.from, count.last.to)}.</p>`}
${chosen.what.includes(':') && runs > 0 && html`<p class="notice warn">This schedule has recipients: what has not been mailed to them yet is mailed.</p>`}
${
  runs + count.dependencies > 0 &&
  html`<form class="stack" method="post" action="/backfills">${hidden.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<button class="primary">Start the backfill</button></form>`
}</section>`
}

function headingOf({ fresh, again, open }: BackfillCount): string {
  if (fresh + again > 0) return `${plural(fresh + again, 'window')} would run`
  return open > 0 ? `Nothing would run: ${plural(open, 'window')} in progress already` : 'Nothing would run'
}

async function choices({ db, board }: PageContext, chosen: Chosen): Promise<Html> {
  const declared = [...board.registry.values()]
    .filter(({ schedule }) => schedule?.scope === 'client' && schedule.cron !== null)
    .map(({ name }) => ({ value: name, label: titleOf(name) }))
  const named = (await namedSchedules(db)).map(({ id, job, clientName, cron, subject }) => ({
    value: `${job}:${id}`,
    label: `${titleOf(subject ?? job)} for ${clientName} (${cron})`,
  }))
  const clients = await clientOptions(db)
  return html`<section class="card" aria-labelledby="choices"><h2 id="choices">What to fill</h2>
<form class="stack" method="get" action="/backfills/new">
${choice('client', 'Client', clients, chosen.client)}
${choice('what', 'Job', [...declared, ...named], chosen.what ?? BACKFILL_JOB)}
<label>First day<input type="date" name="first" value="${chosen.first}" required></label>
<label>Last day<input type="date" name="last" value="${chosen.last}" required></label>
${choice('reprocess', 'Windows that ran before', REPROCESS_CHOICES, chosen.reprocess ?? 'failed')}
${choice('order', 'Order', ORDER_CHOICES, chosen.order ?? 'oldest-first')}
<label>Runs at once<input type="number" name="runsMax" min="1" max="${BACKFILL_RUNS_MAX}" value="${chosen.runsMax ?? BACKFILL_RUNS_DEFAULT}" required></label>
<button>Count</button></form></section>`
}

const REPROCESS_CHOICES = [
  { value: 'none', label: 'Leave them' },
  { value: 'failed', label: 'Run those that failed or were cancelled' },
  { value: 'all', label: 'Run all again' },
]
const ORDER_CHOICES = [
  { value: 'oldest-first', label: 'Oldest first' },
  { value: 'newest-first', label: 'Newest first' },
]

function choice(
  name: string,
  label: string,
  values: readonly { value: string; label: string }[],
  chosen: string | undefined,
): Html {
  return html`<label>${label}<select name="${name}" required>${values.map(
    ({ value, label: words }) => html`<option value="${value}"${value === chosen && html` selected`}>${words}</option>`,
  )}</select></label>`
}

export const startBackfillForm = defineForm({
  path: '/backfills',
  ...place,
  cost: 'dear',
  fields,
  async submit({ fields: chosen }, context) {
    const { backfill, count, windows, audit } = await startBackfill(context, wishOf(chosen))
    return { audit, location: `/backfills/${backfill.id}?notice=${noticeOf(count, windows)}` }
  },
})

function noticeOf(count: BackfillCount | null, { inProgress }: FoundWindows): string {
  if (count === null) return 'backfill-known'
  if (inProgress === 0) return 'backfill-started'
  return count.fresh + count.again > 0 ? 'backfill-partly-open' : 'backfill-open'
}
