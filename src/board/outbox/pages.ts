import { z } from 'zod'
import { type Html, html } from '../../html.ts'
import { listOutbox, type OutboxMailContent, readOutboxMail } from '../../mail/outbox.ts'
import { attachmentDisposition } from '../../storage/content-disposition.ts'
import type { Board } from '../http/context.ts'
import { acceptText } from '../http/input.ts'
import { definePage } from '../http/page.ts'
import { notFound } from '../http/problem.ts'
import { recordFile } from '../http/record-write.ts'
import type { Route } from '../http/routes.ts'
import { formatBytes, formatInstant } from '../ui/format.ts'
import { icon } from '../ui/icons.ts'
import { layout } from '../ui/layout.ts'
import { cell, dataTable, empty } from '../ui/parts.ts'

const MAILS_MAX = 200
const place = { role: 'operator', scope: 'everything' } as const
const mailParams = z.strictObject({ name: z.string().max(300) })

function folderOf({ outboxFolder }: Board): string {
  if (outboxFolder !== null) return outboxFolder
  throw notFound('Mails go to a mail server; there is no outbox to show.')
}

export const outboxPage = definePage({
  path: '/outbox',
  ...place,
  cost: 'dear',
  params: z.strictObject({}),
  query: z.strictObject({}),
  async render(_input, context) {
    const mails = await listOutbox(folderOf(context.board), { limit: MAILS_MAX })
    const rows = mails.map(
      (
        mail,
      ) => html`<tr><th scope="row" data-label="Subject"><a href="${addressOf(mail.fileName)}">${mail.subject}</a></th>${cell('To', mail.to)}
${cell('Date', formatInstant(mail.sentAt.toString(), 'UTC'))}${cell('Size', formatBytes(mail.sizeBytes), 'number')}</tr>`,
    )
    const content = html`<div class="page-head"><div><h1>Outbox</h1><p class="lead">No mail server is set up, so mails are kept here instead of being sent.</p></div></div>
${rows.length === 0 ? empty('No mails yet', 'Reports that go out by mail appear here.') : dataTable({ caption: 'Mails, newest first', columns: ['Subject', 'To', 'Date', 'Size'], rows })}
${rows.length === MAILS_MAX && html`<p class="hint">The newest ${MAILS_MAX} are shown.</p>`}`
    return layout(context, { title: 'Outbox', place: '/outbox', refreshSeconds: REFRESH_S }, content)
  },
})

const REFRESH_S = 15

function addressOf(fileName: string): string {
  return `/outbox/${encodeURIComponent(fileName)}`
}

export const mailPage = definePage({
  path: '/outbox/:name',
  ...place,
  params: mailParams,
  query: z.strictObject({}),
  async render({ params }, context) {
    const mail = await readOutboxMail(folderOf(context.board), params.name)
    const content = html`<p class="crumbs"><a href="/outbox">Outbox</a></p>
<div class="page-head"><div><h1>${mail.subject}</h1><p class="lead">${formatInstant(mail.sentAt.toString(), 'UTC')}</p></div></div>
<dl class="facts"><div><dt>From</dt><dd>${mail.from}</dd></div><div><dt>To</dt><dd>${mail.to}</dd></div></dl>
${attachments(mail)}
${mail.html !== '' && html`<iframe class="mail" title="The mail" sandbox="allow-popups" src="${addressOf(mail.fileName)}/body"></iframe>`}
<details${mail.html === '' && html` open`}><summary>As text</summary><pre>${mail.text}</pre></details>`
    return layout(context, { title: mail.subject, place: '/outbox' }, content)
  },
})

function attachments({ fileName, attachments: all }: OutboxMailContent): Html | null {
  if (all.length === 0) return null
  return html`<ul class="file-list">${all.map(
    (
      each,
      index,
    ) => html`<li><a class="download" href="${addressOf(fileName)}/files/${index}">${icon('download')}${each.fileName}</a>
<span class="quiet">${each.mediaType}, ${formatBytes(each.content.length)}</span></li>`,
  )}</ul>`
}

/** A mail runs nothing and fetches nothing. */
const MAIL_POLICY = "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"

/** The HTML of a mail, for the frame it is shown in. */
export const mailBody: Route = {
  method: 'get',
  path: '/outbox/:name/body',
  ...place,
  async answer({ board }, request, response) {
    const { name } = acceptText('path', mailParams, request.params)
    const mail = await readOutboxMail(folderOf(board), name)
    response.set({ 'Content-Security-Policy': MAIL_POLICY, 'X-Frame-Options': 'SAMEORIGIN' })
    response.type('text/html').send(mail.html)
  },
}

const attachmentParams = mailParams.extend({ index: z.coerce.number().int().min(0).max(99) })

export const mailAttachment: Route = {
  method: 'get',
  path: '/outbox/:name/files/:index',
  ...place,
  async answer(context, request, response) {
    const { name, index } = acceptText('path', attachmentParams, request.params)
    const found = (await readOutboxMail(folderOf(context.board), name)).attachments[index]
    if (!found) throw notFound('The mail has no such attachment.')
    await recordFile(context, { action: 'download-attachment', target: `mail:${name}:${index}`, clientId: null })
    response.set('Content-Disposition', attachmentDisposition(found.fileName)).type(found.mediaType).send(found.content)
  },
}
