import { z } from 'zod'
import type { Board } from '../context.ts'
import { formatBytes, formatInstant } from '../format.ts'
import { html } from '../html.ts'
import { acceptText } from '../input.ts'
import type { Outbox, OutboxMail } from '../outbox.ts'
import { definePage } from '../page.ts'
import { notFound } from '../problem.ts'
import type { Route } from '../routes.ts'
import { icon } from './icons.ts'
import { layout } from './layout.ts'
import { cell, dataTable, empty } from './parts.ts'

const MAILS_MAX = 200
const place = { role: 'operator', scope: 'everything' } as const
const mailParams = z.strictObject({ id: z.string().regex(/^[A-Za-z0-9._@-]{1,200}$/, 'is no mail of ours') })

function outboxOf({ outbox }: Board): Outbox {
  if (outbox) return outbox
  throw notFound('Mails go to a mail server; there is no outbox to show.')
}

export const outboxPage = definePage({
  path: '/outbox',
  ...place,
  params: z.strictObject({}),
  query: z.strictObject({}),
  async render(_input, context) {
    const mails = await outboxOf(context.board).list(MAILS_MAX)
    const rows = mails.map(
      (
        mail,
      ) => html`<tr><th scope="row" data-label="Subject"><a href="/outbox/${mail.id}">${mail.subject}</a></th>${cell('To', mail.to)}
${cell('Date', formatInstant(mail.date, 'UTC'))}${cell('Size', formatBytes(mail.sizeBytes), 'number')}</tr>`,
    )
    const content = html`<div class="page-head"><div><h1>Outbox</h1><p class="lead">No mail server is set up, so mails are kept here instead of being sent.</p></div></div>
${rows.length === 0 ? empty('No mails yet', 'Reports that go out by mail appear here.') : dataTable({ caption: 'Mails, newest first', columns: ['Subject', 'To', 'Date', 'Size'], rows })}
${rows.length === MAILS_MAX && html`<p class="hint">The newest ${MAILS_MAX} are shown.</p>`}`
    return layout(context, { title: 'Outbox', place: '/outbox' }, content)
  },
})

export const mailPage = definePage({
  path: '/outbox/:id',
  ...place,
  params: mailParams,
  query: z.strictObject({}),
  async render({ params }, context) {
    const mail = await mailNamed(context.board, params.id)
    const content = html`<p class="crumbs"><a href="/outbox">Outbox</a></p>
<div class="page-head"><div><h1>${mail.subject}</h1><p class="lead">${formatInstant(mail.date, 'UTC')}</p></div></div>
<dl class="facts"><div><dt>From</dt><dd>${mail.from}</dd></div><div><dt>To</dt><dd>${mail.to}</dd></div></dl>
${mail.attachments.length > 0 && html`<ul class="file-list">${mail.attachments.map(({ fileName, mediaType, sizeBytes }) => html`<li>${icon('report')}<strong>${fileName}</strong> <span class="quiet">${mediaType}, ${formatBytes(sizeBytes)}</span></li>`)}</ul>`}
${
  mail.html === null
    ? html`<pre>${mail.text}</pre>`
    : html`<iframe class="mail" title="The mail" sandbox="allow-popups" src="/outbox/${mail.id}/body"></iframe>
<details><summary>As text</summary><pre>${mail.text}</pre></details>`
}`
    return layout(context, { title: mail.subject, place: '/outbox' }, content)
  },
})

/** A mail runs nothing and fetches nothing; its pictures are inside it. */
const MAIL_POLICY =
  "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"

/** The HTML of a mail, for the frame it is shown in. */
export const mailBody: Route = {
  method: 'get',
  path: '/outbox/:id/body',
  ...place,
  async answer({ board }, request, response) {
    const { id } = acceptText('path', mailParams, request.params)
    const mail = await mailNamed(board, id)
    response.set({ 'Content-Security-Policy': MAIL_POLICY, 'X-Frame-Options': 'SAMEORIGIN' })
    response.type('text/html').send(mail.html ?? '')
  },
}

async function mailNamed(board: Board, id: string): Promise<OutboxMail> {
  const mail = await outboxOf(board).read(id)
  if (mail) return mail
  throw notFound('There is no such mail in the outbox.')
}
