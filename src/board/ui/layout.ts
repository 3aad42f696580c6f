import { type Html, html } from '../../html.ts'
import { type Identity, mayUse } from '../../people/roles.ts'
import type { PageContext } from '../http/page.ts'
import { assetPath } from './assets.ts'
import { icon } from './icons.ts'
import { COUNT_MAX, type Place } from './place.ts'

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
  <nav aria-label="Main"><ul>${context.menu.map((each) => navItem(each, place, context.counts[each.href] ?? 0))}</ul></nav>
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

/** `open`: how many things there need somebody. */
function navItem({ href, label, icon: name }: Place, current: string, open: number): Html {
  const count = open > COUNT_MAX ? `${COUNT_MAX}+` : open
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

function noticeOf({ notice, board }: PageContext): Html | null {
  const words = notice !== null && Object.hasOwn(board.notices, notice) ? board.notices[notice] : undefined
  return words === undefined ? null : html`<p class="notice" role="status">${icon('done')} ${words}</p>`
}
