import { type Html, html } from '../../html.ts'
import { type Access, type Identity, mayUse, type Scope } from '../../people/roles.ts'
import { OPEN_ALERTS_MAX } from '../alerts/read-alerts.ts'
import type { PageContext } from '../http/page.ts'
import { assetPath } from './assets.ts'
import { type IconName, icon } from './icons.ts'

/** What a page says after a form did its work. */
const NOTICES: Record<string, string> = {
  retried: 'Planned again. It runs as soon as a worker is free.',
  'retried-all': 'Everything that had failed is planned again.',
  'discarded-all': 'Everything that matched is discarded. A run that was at work stops within seconds.',
  cancelled: 'Cancelled. A run that was already at work stops within seconds.',
  'night-planned': 'The night is planned: what has not run yet runs now.',
  'backfill-started': 'Planned. It works its way through, behind the nights.',
  'backfill-known': 'The same backfill was under way already: here it is.',
  'backfill-cancelled': 'Cancelled. A run that was already at work stops within seconds.',
  'import-started': 'The file was taken. Here is what becomes of it.',
  'import-known': 'The file was imported already, or is under way: here it is.',
  paused: 'Paused. What falls due until then is left out.',
  resumed: 'It goes on. What fell due meanwhile stays left out.',
  'schedule-changed': 'Changed. The new times count from now on.',
  'as-declared': 'It is as declared again.',
  requested: 'Planned. It runs as soon as what it waits for is done and a worker is free.',
  'signed-out': 'You are signed out.',
}

type Place = { href: string; label: string; icon: IconName; role: Access; scope: Scope }

const PLACES: readonly Place[] = [
  { href: '/', label: 'The night', icon: 'night', role: 'viewer', scope: 'client' },
  { href: '/freshness', label: 'Freshness', icon: 'fresh', role: 'viewer', scope: 'client' },
  { href: '/alerts', label: 'Alerts', icon: 'alert', role: 'viewer', scope: 'client' },
  { href: '/reports', label: 'Reports', icon: 'report', role: 'reports', scope: 'client' },
  { href: '/runs', label: 'Runs', icon: 'runs', role: 'viewer', scope: 'client' },
  { href: '/jobs', label: 'Jobs', icon: 'job', role: 'viewer', scope: 'client' },
  { href: '/schedules', label: 'Schedules', icon: 'schedule', role: 'viewer', scope: 'client' },
  { href: '/backfills', label: 'Backfills', icon: 'backfill', role: 'viewer', scope: 'client' },
  { href: '/imports', label: 'Imports', icon: 'download', role: 'operator', scope: 'client' },
  { href: '/outbox', label: 'Outbox', icon: 'mail', role: 'operator', scope: 'everything' },
  { href: '/queues/', label: 'Queues', icon: 'queue', role: 'viewer', scope: 'everything' },
  { href: '/audit', label: 'Audit log', icon: 'audit', role: 'admin', scope: 'client' },
  { href: '/docs', label: 'API', icon: 'api', role: 'open', scope: 'client' },
]

export type LayoutOptions = {
  title: string
  /** Which place of the menu the page belongs to. */
  place: string
  /** The page is fetched again this often while something runs; null: when somebody asks for it. */
  refreshSeconds?: number | null
}

/** A page of the board around its content. */
export function layout(
  context: PageContext,
  { title, place, refreshSeconds = null }: LayoutOptions,
  content: Html,
): Html {
  const { identity } = context
  return html`<!doctype html>
<html lang="en">
${head(title, refreshSeconds)}
<body>
<a class="skip" href="#main">Skip to content</a>
<header class="side">
  <a class="brand" href="${homeOf(identity)}">${icon('sun')}<span>Daybreak</span></a>
  <nav aria-label="Main"><ul>${placesOf(context).map((each) => navItem(each, place, each.href === '/alerts' ? context.openAlerts : 0))}</ul></nav>
  ${person(identity)}
</header>
<main id="main" tabindex="-1">
  ${noticeOf(context)}
  <div id="live"${refreshSeconds !== null && html` data-refresh-seconds="${refreshSeconds}"`}>${content}</div>
</main>
</body>
</html>`
}

/** A page for strangers: sign-in, a mailed link, an error. */
export function bareLayout(title: string, content: Html): Html {
  return html`<!doctype html>
<html lang="en">
${head(title, null)}
<body class="bare">
<main id="main" tabindex="-1"><p class="brand">${icon('sun')}<span>Daybreak</span></p>${content}</main>
</body>
</html>`
}

function head(title: string, refreshSeconds: number | null): Html {
  return html`<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title} · Daybreak</title>
<link rel="icon" type="image/svg+xml" href="${assetPath('daybreak.svg')}">
<link rel="stylesheet" href="${assetPath('fonts.css')}">
<link rel="stylesheet" href="${assetPath('board.css')}">
<script type="module" src="${assetPath('board.js')}"></script>
${refreshSeconds !== null && html`<noscript><meta http-equiv="refresh" content="${refreshSeconds * 3}"></noscript>`}
</head>`
}

/** The first page a role may see. */
export function homeOf({ role }: Identity): string {
  if (role === null) return '/docs'
  return mayUse(role, 'viewer') ? '/' : '/reports'
}

function placesOf({ identity, board }: PageContext): Place[] {
  const { role, clientId } = identity
  return PLACES.filter(
    (place) =>
      role !== null &&
      mayUse(role, place.role) &&
      (place.scope === 'client' || clientId === null) &&
      (place.href !== '/outbox' || board.outboxFolder !== null),
  )
}

/** `open`: how many things there need somebody. */
function navItem({ href, label, icon: name }: Place, current: string, open: number): Html {
  const count = open > OPEN_ALERTS_MAX ? `${OPEN_ALERTS_MAX}+` : open
  return html`<li><a href="${href}"${href === current && html` aria-current="page"`}>${icon(name)}<span>${label}</span>${
    open > 0 && html`<span class="count">${count}<span class="for-readers"> open</span></span>`
  }</a></li>`
}

function person(identity: Identity): Html {
  return identity.kind === 'anonymous'
    ? html`<div class="person"><p><a href="/sign-in">Sign in</a></p></div>`
    : signedIn(identity)
}

function signedIn({ name, role, clientId, csrfToken }: Identity): Html {
  return html`<div class="person">
  <p><strong>${name}</strong><br><span class="quiet">${role}${clientId !== null && ` · ${clientId}`}</span></p>
  <form method="post" action="/sign-out"><input type="hidden" name="csrf" value="${csrfToken}">
  <button class="plain">Sign out</button></form>
</div>`
}

function noticeOf({ notice }: PageContext): Html | null {
  const words = notice !== null && Object.hasOwn(NOTICES, notice) ? NOTICES[notice] : undefined
  return words === undefined ? null : html`<p class="notice" role="status">${icon('done')} ${words}</p>`
}
