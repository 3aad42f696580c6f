// Fetches the page again while it shows something that changes, and puts the new content in place of the old. Without this script
// the page works the same; it is then loaded as a whole.

const live = document.getElementById('live')
const seconds = Number(live?.dataset.refreshSeconds)
const RETRY_SECONDS = 15

let timer = 0

function plan(delaySeconds) {
  clearTimeout(timer)
  timer = setTimeout(refresh, delaySeconds * 1000)
}

async function refresh() {
  // Nobody looks, or somebody is about to press or type something.
  if (document.hidden || live.querySelector('form:focus-within input:not([type="hidden"]), form:focus-within select')) {
    return plan(seconds)
  }
  try {
    const response = await fetch(location.href, { headers: { Accept: 'text/html' } })
    // Signed out meanwhile: the page is shown what the server says now.
    if (response.redirected) return location.reload()
    if (!response.ok) return plan(RETRY_SECONDS)
    plan(replace(await response.text()))
  } catch {
    // The server restarts or the network is away; the page stays as it is and asks again.
    plan(RETRY_SECONDS)
  }
}

/** Returns in how many seconds to ask again. */
function replace(text) {
  const page = new DOMParser().parseFromString(text, 'text/html')
  const next = page.getElementById('live')
  if (!next) return RETRY_SECONDS
  if (next.innerHTML !== live.innerHTML) {
    const kept = { focus: pathOf(document.activeElement), open: opened(), scroll: scrolled() }
    live.replaceChildren(...next.childNodes)
    restore(kept)
  }
  return Number(next.dataset.refreshSeconds) || RETRY_SECONDS
}

function opened() {
  return new Map([...live.querySelectorAll('details[id]')].map((each) => [each.id, each.open]))
}

function scrolled() {
  return [...live.querySelectorAll('.table-frame')].map((each) => each.scrollLeft)
}

/** Where the focus is, as what it is rather than which element: the element is about to be replaced. */
function pathOf(element) {
  if (!element || !live.contains(element)) return null
  const form = element.closest('form')
  if (form) return `form[action="${CSS.escape(form.getAttribute('action'))}"] ${element.localName}`
  const href = element.getAttribute('href')
  return href ? `a[href="${CSS.escape(href)}"]` : null
}

function restore({ focus, open, scroll }) {
  for (const [id, isOpen] of open) {
    const each = document.getElementById(id)
    if (each) each.open = isOpen
  }
  live.querySelectorAll('.table-frame').forEach((each, index) => {
    each.scrollLeft = scroll[index] ?? 0
  })
  if (focus) live.querySelector(focus)?.focus({ preventScroll: true })
}

// On a phone the menu is a strip that scrolls: where one is should be in sight.
document.querySelector('.side [aria-current]')?.scrollIntoView({ inline: 'center', block: 'nearest' })

if (seconds > 0) {
  plan(seconds)
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) plan(0)
  })
}

// A second press of a button while the first is on its way would be answered twice.
document.addEventListener('submit', (event) => {
  const form = event.target
  if (form.method === 'post') requestAnimationFrame(() => form.querySelector('button')?.setAttribute('disabled', ''))
})
