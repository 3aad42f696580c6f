import type { SystemDatabase } from '../../db/database.ts'
import { type Html, html } from '../../html.ts'
import { findUnsubscription, type Unsubscription, unsubscribe } from '../../reports/deliver/links.ts'
import { acceptText } from '../http/input.ts'
import { sendPage } from '../http/page.ts'
import { notFound } from '../http/problem.ts'
import { recordWrite } from '../http/record-write.ts'
import type { Route } from '../http/routes.ts'
import { titleOf } from '../ui/format.ts'
import { bareLayout } from '../ui/layout.ts'
import { mailedToken } from './mailed-links.ts'

const place = { path: '/u/:token', role: 'public', scope: 'client' } as const

/** Shows what a mail's unsubscribe link is about and changes nothing: mail scanners follow links too. */
export const unsubscribePage: Route = {
  method: 'get',
  ...place,
  async answer({ board }, request, response) {
    const { token } = acceptText('path', mailedToken, request.params)
    const found = await findUnsubscription(board.database.system, token)
    if (!found) throw unknown()
    sendPage(response, bareLayout('Unsubscribe', found.done ? doneWords(found) : question(found, token)))
  },
}

/**
 * One click, with or without a person in front of it (RFC 8058): the token alone is the right to it, and it only ever
 * unsubscribes.
 */
export const unsubscribeForm: Route = {
  method: 'post',
  ...place,
  async answer(context, request, response) {
    const { system } = context.board.database
    const { token } = acceptText('path', mailedToken, request.params)
    const before = await findUnsubscription(system, token)
    if (!before) throw unknown()
    const asked = { method: 'post', path: place.path, params: request.params, client: before.clientId }
    const { found } = await recordWrite(context, asked, () => unsubscribeOnce(system, token, before.done))
    sendPage(response, bareLayout('Unsubscribed', doneWords(found)))
  },
}

async function unsubscribeOnce(system: SystemDatabase, token: string, isDone: boolean) {
  const found = await unsubscribe(system, token)
  if (!found) throw unknown()
  const audit = {
    action: 'unsubscribe',
    target: `report:${found.report}`,
    clientId: found.clientId,
    before: { subscribed: true },
    after: { subscribed: false },
  }
  return { found, audit: isDone ? null : audit }
}

function question({ report, clientName }: Unsubscription, token: string): Html {
  return html`<h1>Unsubscribe</h1>
<p>You get the report <strong>${titleOf(report)}</strong> of <strong>${clientName}</strong> by mail. Do you want no more of it?</p>
<form method="post" action="/u/${token}"><button class="primary">Unsubscribe</button></form>`
}

function doneWords({ report, clientName }: Unsubscription): Html {
  return html`<h1>Unsubscribed</h1>
<p>You get no more mails with the report <strong>${titleOf(report)}</strong> of <strong>${clientName}</strong>.</p>
<p class="quiet">If that was a mistake, ask whoever runs the reports to subscribe you again.</p>`
}

function unknown() {
  return notFound('This link is none of ours: it was cut off, or the report was deleted.')
}
