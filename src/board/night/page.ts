import { z } from 'zod'
import { type Html, html } from '../../html.ts'
import { addDays, type Day } from '../../time.ts'
import { day } from '../http/address.ts'
import type { Context } from '../http/context.ts'
import { definePage, type PageContext } from '../http/page.ts'
import { formatDay, formatDayShort, plural } from '../ui/format.ts'
import { icon } from '../ui/icons.ts'
import { layout } from '../ui/layout.ts'
import { empty } from '../ui/parts.ts'
import { nightCard } from './night-card.ts'
import { type ClientNight, newestNight, readNightRuns, readNights } from './read-night.ts'

/** Clients whose runs one page shows. */
const CLIENTS_PER_PAGE = 20
const REFRESH_BUSY_S = 3
const REFRESH_CALM_S = 30

export const nightPage = definePage({
  path: '/',
  role: 'viewer',
  scope: 'client',
  cost: 'dear',
  params: z.strictObject({}),
  query: z.strictObject({ day: day.optional(), page: z.coerce.number().int().min(1).max(1000).default(1) }),
  async render({ query }, context) {
    const now = context.board.clock()
    const nights = await readNights(context.db, now, query.day ?? null)
    const busy = nights.some(({ running, open }) => running > 0 || open > 0)
    const content = html`${heading(nights, query.day)}${totals(nights)}${await cards(nights, query.page, context)}`
    const refreshSeconds = busy ? REFRESH_BUSY_S : REFRESH_CALM_S
    return layout(context, { title: 'The night', place: '/', refreshSeconds }, content)
  },
})

function heading(nights: readonly ClientNight[], asked: Day | undefined): Html {
  const days = [...new Set(nights.map((night) => night.day))].sort()
  const shown = asked ?? days.at(-1)
  // West of the date line it is still yesterday: without a day asked for, each client's own last night is shown.
  const words =
    asked === undefined && days.length > 1 ? days.map(formatDayShort).join(' and ') : shown && formatDay(shown)
  return html`<div class="page-head"><div><h1>${asked === undefined ? 'Last night' : 'The night'}</h1>
<p class="lead">${words ? `What ran for ${words}` : 'Nothing runs yet'}</p></div>${shown && dayChooser(shown)}</div>`
}

function dayChooser(shown: Day): Html {
  const before = addDays(shown, -1)
  const after = addDays(shown, 1)
  return html`<nav class="days" aria-label="Day">
<a class="button" href="/?day=${before}" rel="prev">${icon('back')}<span class="for-readers">Previous night, </span>${formatDayShort(before)}</a>
<form method="get" action="/"><label class="for-readers" for="day">Day</label><input id="day" type="date" name="day" value="${shown}"><button>Show</button></form>
<a class="button" href="/?day=${after}" rel="next"><span class="for-readers">Next night, </span>${formatDayShort(after)}${icon('forward')}</a>
</nav>`
}

function totals(nights: readonly ClientNight[]): Html | null {
  if (nights.length === 0) return null
  const count = (fits: (night: ClientNight) => boolean) => nights.filter(fits).length
  const sum = (pick: (night: ClientNight) => number) => nights.reduce((total, night) => total + pick(night), 0)
  const done = count((night) => night.state === 'done')
  const failed = count((night) => night.state === 'failed')
  const open = count((night) => night.open > 0 && night.failed === 0)
  const late = count((night) => night.late)
  const unsent = sum((night) => night.unsent)
  return html`<ul class="totals" aria-label="The night in numbers">
${tile(`${done} of ${nights.length}`, nights.length === 1 ? 'client done' : 'clients done', done === nights.length ? 'good' : 'quiet')}
${tile(failed, 'failed', failed > 0 ? 'bad' : 'quiet')}
${tile(late, 'late', late > 0 ? 'warn' : 'quiet')}
${tile(open, 'at work', open > 0 ? 'busy' : 'quiet')}
${mailTile(
  sum((night) => night.sent),
  unsent,
)}
</ul>`
}

function mailTile(sent: number, unsent: number): Html {
  if (unsent === 0) return tile(sent, sent === 1 ? 'mail sent' : 'mails sent', 'quiet')
  return tile(unsent, `${unsent === 1 ? 'mail' : 'mails'} not sent, ${sent} sent`, 'bad')
}

function tile(value: string | number, label: string, tone: string): Html {
  return html`<li class="tile ${tone}"><strong>${value}</strong> <span>${label}</span></li>`
}

async function cards(nights: readonly ClientNight[], page: number, context: PageContext): Promise<Html> {
  if (nights.length === 0)
    return empty('No clients yet', 'Import a file or run the demo, and the night begins by itself.')
  const shown = nights.slice((page - 1) * CLIENTS_PER_PAGE, page * CLIENTS_PER_PAGE)
  const withRuns = await Promise.all(
    shown.map(async (night) => nightCard(context, night, await runsOf(night, context))),
  )
  return html`${await leadToNewest(nights, context)}${withRuns}${pager(nights.length, page, context)}`
}

async function runsOf(night: ClientNight, { db }: Context) {
  return night.total === 0 ? [] : readNightRuns(db, night.id, night.day)
}

async function leadToNewest(nights: readonly ClientNight[], { db }: Context): Promise<Html | null> {
  if (nights.some(({ total }) => total > 0)) return null
  const newest = await newestNight(db)
  if (newest === null || nights.some((night) => night.day === newest)) return null
  return html`<p class="hint">The newest night on record is <a href="/?day=${newest}">${formatDay(newest)}</a>.</p>`
}

function pager(total: number, page: number, { here }: PageContext): Html | null {
  const pages = Math.ceil(total / CLIENTS_PER_PAGE)
  if (pages <= 1) return null
  const to = (number: number) => {
    const url = new URL(here, 'http://board')
    url.searchParams.set('page', String(number))
    return url.pathname + url.search
  }
  return html`<nav class="pager" aria-label="Pages">
${page > 1 && html`<a class="button" href="${to(page - 1)}">${icon('back')}Back</a>`}
<span>Page ${page} of ${pages}, ${plural(total, 'client')}</span>
${page < pages && html`<a class="button" href="${to(page + 1)}">More ${icon('forward')}</a>`}</nav>`
}
