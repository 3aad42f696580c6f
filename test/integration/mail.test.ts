import { generateKeyPairSync } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import PostalMime from 'postal-mime'
import { beforeEach, describe, expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { openOutbox } from '../../src/mail/outbox.ts'
import { openSmtp } from '../../src/mail/smtp.ts'
import { readDkimKey } from '../../src/main/open-job-tools.ts'
import { verifyDkim } from '../support/dkim.ts'
import { aMail, FROM, failureOf, file, mailsIn, outboxFolder, send, smtp, undo } from '../support/mail-world.ts'
import { type SmtpTestServer, startSmtpServer } from '../support/smtp.ts'

describe('what a recipient gets', () => {
  let server: SmtpTestServer
  let folder: string
  beforeEach(async () => {
    server = await startSmtpServer()
    undo.push(() => server.stop())
    folder = await outboxFolder()
  })

  test('text, HTML, files and names of any script arrive as they were given', async () => {
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 256))
    const mail = aMail({
      to: 'Zoë Müller-収益 <zoe@example.com>',
      subject:
        'Ümsatz für November 2011 – 収益レポート – the subject is longer than one line of a header may be, so it is folded 🎉',
      text: 'Net revenue: £8,300,065.81\n.\n.. a line of dots\nUnsubscribe: https://daybreak.test/u/1',
      html: '<p>Net revenue: <b>£8,300,065.81</b></p>',
      attachments: [
        file('Ümsatz 2011-11 (収益).pdf', bytes),
        file('umsatz.csv', Buffer.from('﻿a;b\r\n1;2\r\n'), 'text/csv'),
      ],
    })
    expect(await send(smtp(server.url), mail)).toEqual({ outcome: 'accepted', reply: '250 OK: queued' })
    const email = await PostalMime.parse(Buffer.from(server.received[0]?.raw ?? '', 'latin1'))
    expect({
      from: email.from,
      to: email.to,
      subject: email.subject,
      text: email.text?.trimEnd(),
      html: email.html?.trimEnd(),
    }).toEqual({
      from: { name: 'Daybreak Berichte', address: 'reports@daybreak.test' },
      to: [{ name: 'Zoë Müller-収益', address: 'zoe@example.com' }],
      subject: mail.subject,
      text: mail.text,
      html: mail.html,
    })
    const parts = email.attachments.map(({ filename, mimeType, disposition, content }) => ({
      filename,
      mimeType,
      disposition,
      content: Buffer.from(content as ArrayBuffer),
    }))
    expect(parts).toEqual([
      {
        filename: 'Ümsatz 2011-11 (収益).pdf',
        mimeType: 'application/pdf',
        disposition: 'attachment',
        content: bytes,
      },
      {
        filename: 'umsatz.csv',
        mimeType: 'text/csv',
        disposition: 'attachment',
        content: Buffer.from('﻿a;b\r\n1;2\r\n'),
      },
    ])
  })

  test('the headers keep robots quiet and let one click unsubscribe', async () => {
    await send(smtp(server.url), aMail({ unsubscribeUrl: 'https://daybreak.test/u/abc?x=1' }))
    await send(smtp(server.url), aMail({ messageId: '<2@daybreak.test>', unsubscribeUrl: null }))
    const wanted = [
      'message-id',
      'date',
      'auto-submitted',
      'x-auto-response-suppress',
      'list-unsubscribe',
      'list-unsubscribe-post',
    ]
    const headers = await Promise.all(server.received.map(({ raw }) => headersOf(raw, wanted)))
    expect(headers).toEqual([
      {
        'message-id': '<1@daybreak.test>',
        date: 'Thu, 01 Dec 2011 06:00:00 +0000',
        'auto-submitted': 'auto-generated',
        'x-auto-response-suppress': 'All',
        'list-unsubscribe': '<https://daybreak.test/u/abc?x=1>',
        'list-unsubscribe-post': 'List-Unsubscribe=One-Click',
      },
      {
        'message-id': '<2@daybreak.test>',
        date: 'Thu, 01 Dec 2011 06:00:00 +0000',
        'auto-submitted': 'auto-generated',
        'x-auto-response-suppress': 'All',
      },
    ])
    expect(server.received.map(({ from, to }) => ({ from, to }))).toEqual([
      { from: 'reports@daybreak.test', to: ['zoe@example.com'] },
      { from: 'reports@daybreak.test', to: ['zoe@example.com'] },
    ])
  })

  test('the outbox and the mail server get the same bytes, and so does a second try', async () => {
    const mail = () =>
      aMail({
        text: '.\n..\nbare\rreturn\nÜ\n',
        attachments: [file('a.pdf', Buffer.alloc(100_000, 'x'))],
      })
    await send(openOutbox(folder, { from: FROM }), mail())
    await send(smtp(server.url), mail())
    await send(smtp(server.url), mail())
    const kept = await readFile(join(folder, '2011-12-01T06-00-00Z-1@daybreak.test.eml'), 'latin1')
    expect(server.received.map(({ raw }) => raw)).toEqual([kept, kept])
  })

  test('a signed mail is whole to a receiver, List-Unsubscribe-Post included, and a change is noticed', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const keyFile = join(folder, 'dkim.pem')
    await writeFile(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const config = readConfig({ MAIL_FROM: FROM, SMTP_DKIM_KEY_FILE: keyFile, SMTP_DKIM_SELECTOR: 'night' })
    const dkim = await readDkimKey(config)
    if (dkim === null) throw new Error('no key was read')
    await send(smtp(server.url, { dkim }), aMail({ attachments: [file('a.pdf', Buffer.alloc(100_000, 'x'))] }))
    const raw = server.received[0]?.raw ?? ''
    expect(verifyDkim(raw, publicKey)).toEqual({
      domain: 'daybreak.test',
      selector: 'night',
      signed: [
        'from',
        'subject',
        'date',
        'message-id',
        'to',
        'mime-version',
        'content-type',
        'list-unsubscribe',
        'list-unsubscribe-post',
        'auto-submitted',
      ],
      body: true,
      headers: true,
    })
    expect(verifyDkim(raw.replace('One-Click', 'Two-Click'), publicKey)).toMatchObject({ body: true, headers: false })
    expect(verifyDkim(raw.replace('1,456,145.80', '1,456,145.81'), publicKey)).toMatchObject({ body: false })
  })

  test('a key that cannot sign stops the start, and says which', async () => {
    const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })
    for (const privateKey of ['no key', ed25519]) {
      const dkim = { domain: 'd.test', selector: 's', privateKey }
      expect(() => smtp(server.url, { dkim })).toThrow(/The DKIM key of d\.test cannot be used/)
    }
    const missing = readConfig({ SMTP_DKIM_KEY_FILE: join(folder, 'none.pem') })
    await expect(readDkimKey(missing)).rejects.toThrow(/none\.pem cannot be read: ENOENT.*Correct SMTP_DKIM_KEY_FILE/)
    expect(await readDkimKey(readConfig({}))).toBeNull()
  })

  test('many mails at once go out once each, over few connections', async () => {
    const mailer = smtp(server.url, { connectionsMax: 3 })
    const ids = Array.from({ length: 40 }, (_, index) => `<${index}@daybreak.test>`)
    await Promise.all(ids.map((messageId) => send(mailer, aMail({ messageId }))))
    expect(server.countsByMessageId()).toEqual(Object.fromEntries(ids.map((id) => [id, 1])))
  })
})

describe('bad input', () => {
  test.each([
    ['a line break in the recipient', { to: 'zoe@example.com\r\nBcc: eve@example.com' }, 'mail-address'],
    ['two recipients', { to: 'zoe@example.com, eve@example.com' }, 'mail-address'],
    ['a group', { to: 'all: zoe@example.com, eve@example.com;' }, 'mail-address'],
    ['no address', { to: 'zoe' }, 'mail-address'],
    ['a line break in the Message-ID', { messageId: '<1@x>\r\nBcc: eve@example.com' }, 'mail-identity'],
    ['no date', { date: new Date(Number.NaN) }, 'mail-identity'],
  ])('%s is refused by both mailers before anything is sent, without naming the address', async (_, change, code) => {
    const server = await startSmtpServer()
    undo.push(() => server.stop())
    const folder = await outboxFolder()
    for (const mailer of [smtp(server.url), openOutbox(folder, { from: FROM })]) {
      const fault = await failureOf(mailer, aMail(change))
      expect(fault).toMatchObject({ name: 'PermanentError', code })
      expect(fault.message).not.toMatch(/zoe@|eve@example.com, /)
    }
    expect([server.received, await mailsIn(folder)]).toEqual([[], []])
  })

  test('line breaks in subject, names, files and addresses of pages add no header', async () => {
    const folder = await outboxFolder()
    const inject = '\r\nBcc: eve@example.com\r\n\r\n<script>'
    const mail = aMail({
      subject: `Net revenue${inject}`,
      attachments: [file(`a${inject}.pdf`, Buffer.from('x'), `application/pdf${inject}`)],
      unsubscribeUrl: `https://daybreak.test/u/1${inject}`,
    })
    await send(openOutbox(folder, { from: FROM }), mail)
    const raw = await readFile(join(folder, (await mailsIn(folder))[0] ?? ''), 'utf8')
    expect(raw).not.toMatch(/^Bcc:/im)
    const email = await PostalMime.parse(raw)
    expect(email.headers.map(({ key }) => key).sort()).toEqual([
      'auto-submitted',
      'content-type',
      'date',
      'from',
      'list-unsubscribe',
      'list-unsubscribe-post',
      'message-id',
      'mime-version',
      'subject',
      'to',
      'x-auto-response-suppress',
    ])
    expect(email.subject).toBe('Net revenue Bcc: eve@example.com  <script>')
  })

  test('a sender or server that is none is refused at the start', () => {
    expect(() => openOutbox('unused', { from: 'nobody' })).toThrow(/MAIL_FROM must be one address/)
    expect(() => openSmtp('http://mail.test', { from: FROM })).toThrow(/SMTP_URL must look like/)
  })
})

async function headersOf(raw: string, keys: string[]): Promise<Record<string, string>> {
  const { headers } = await PostalMime.parse(raw)
  return Object.fromEntries(headers.filter(({ key }) => keys.includes(key)).map(({ key, value }) => [key, value]))
}
